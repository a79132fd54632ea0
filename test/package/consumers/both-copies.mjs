import { createRequire } from "node:module";
import express from "express";
import * as esm from "express-discord";
import { startDiscord } from "express-discord/testing";
import session from "express-session";

const cjs = createRequire(import.meta.url)("express-discord");
const details = { message: "Nobody is signed in.", code: "not_signed_in", status: 401 };

function recognised(one, other) {
  const error = new one.Unauthorized(details);
  return {
    code: error.code,
    asItself: error instanceof other.Unauthorized,
    asTheBase: error instanceof other.HttpException,
    asAnother: error instanceof other.Forbidden,
    baseAsASubclass: new one.HttpException(details) instanceof other.Unauthorized,
  };
}

const app = express();
const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}`;
app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
const discord = new cjs.DiscordOAuth2Session(app, {
  clientId: "1100000000000000001",
  clientSecret: "the-secret-of-an-application",
  redirectUri: `${url}/callback`,
});
app.get("/me", cjs.requiresAuthorization, (_req, res) => res.end());
app.get("/also-me", esm.requiresAuthorization, (_req, res) => res.end());
app.use(esm.redirectUnauthorized("/login"));

const simulator = await startDiscord();
const browser = simulator.browser(url);
const visit = async (path) => (await browser.get(path, { headers: { accept: "text/html" } })).location;

console.log(
  JSON.stringify({
    areTwoCopies: esm.Unauthorized !== cjs.Unauthorized,
    cjsInEsm: recognised(cjs, esm),
    esmInCjs: recognised(esm, cjs),
    guardOfCjs: await visit("/me"),
    guardOfEsm: await visit("/also-me"),
  }),
);
await discord.close();
await simulator.close();
server.closeAllConnections();
server.close();
