import { tracingChannel } from "node:diagnostics_channel";
import express from "express";
import { DiscordOAuth2Session, requiresAuthorization } from "express-discord";
import { startDiscord } from "express-discord/testing";
import session from "express-session";

const simulator = await startDiscord();
const app = express();
const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}`;

app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
simulator.addRedirectUri(`${url}/callback`);
const discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri: `${url}/callback` });
app.get("/login", (req, res) => discord.createSession(req, res));
app.get("/callback", async (req, res) => {
  await discord.callback(req, res);
  res.end();
});
app.get("/me", requiresAuthorization, async (req, res) => {
  res.json({ name: (await discord.fetchUser(req, { fresh: true })).username });
});
app.get("/mistake", (_req, res) => discord.isAuthorized(res));
app.use((error, _req, res, _next) => res.status(500).json(error.message));

const routes = [];
tracingChannel("express-discord:request").asyncEnd.subscribe(({ route }) => routes.push(route));
const browser = simulator.browser(url);
await browser.signIn("/login", { user: simulator.addUser({ username: "mira.k" }) });
routes.length = 0;
const me = await browser.get("/me");
const mistake = await browser.get("/mistake");
const interception = await simulator.intercept().catch(({ message }) => message);
console.log(JSON.stringify({ me: me.json(), routes, mistake: mistake.json(), interception }));

await discord.close();
await simulator.close();
server.closeAllConnections();
server.close();
