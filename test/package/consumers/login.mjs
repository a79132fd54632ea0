import express from "express";
import {
  DiscordOAuth2Session,
  discordRouter,
  redirectUnauthorized,
  requiresAuthorization,
} from "express-discord";
import { startDiscord } from "express-discord/testing";
import session from "express-session";

const simulator = await startDiscord();
const app = express();
const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}`;

app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
simulator.addRedirectUri(`${url}/auth/callback`);
const discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri: `${url}/auth/callback` });
app.use("/auth", discordRouter({ afterLogin: "/me" }));
app.get("/me", requiresAuthorization, (req, res, next) => {
  discord.fetchUser(req).then((user) => res.json({ name: user.username }), next);
});
app.use(redirectUnauthorized("/auth/login"));

const browser = simulator.browser(url);
const stranger = await browser.get("/me", { headers: { accept: "text/html" } });
await browser.signIn("/auth/login", { user: simulator.addUser({ username: "mira.k" }) });
const me = await browser.get("/me");
console.log(JSON.stringify({ stranger: stranger.location, me: me.json() }));

await discord.close();
await simulator.close();
server.closeAllConnections();
server.close();
