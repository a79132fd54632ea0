const express = require("express");
const session = require("express-session");
const { DiscordOAuth2Session, requiresAuthorization, discordRouter } = require("express-discord");
const { startDiscord } = require("express-discord/testing");

let simulator;
let server;
let discord;
let url;

beforeAll(async () => {
  simulator = await startDiscord();
  const app = express();
  server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  simulator.addRedirectUri(`${url}/auth/callback`);
  discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri: `${url}/auth/callback` });
  app.use("/auth", discordRouter({ afterLogin: "/me" }));
  app.get("/me", requiresAuthorization, (req, res, next) => {
    discord.fetchUser(req).then((user) => res.json({ name: user.username }), next);
  });
});

afterAll(async () => {
  await discord.close();
  await simulator.close();
  server.closeAllConnections();
  server.close();
});

test("a visitor signs in and sees their name", async () => {
  const browser = simulator.browser(url);
  await browser.signIn("/auth/login", { user: simulator.addUser({ username: "mira.k" }) });
  expect((await browser.get("/me")).json()).toEqual({ name: "mira.k" });
});

test("calls by fetch are intercepted", async () => {
  const stop = await simulator.intercept({ http: false });
  const { botToken } = simulator.options;
  const me = await fetch("https://discord.com/api/v10/users/@me", {
    headers: { Authorization: `Bot ${botToken}` },
  });
  stop();
  expect(me.status).toBe(200);
});
