import express from "express";
import session from "express-session";
import passport from "passport";
import { type Profile, Strategy } from "passport-discord";
import refresh from "passport-oauth2-refresh";
import { expect, it } from "vitest";
import { revokeByFetch, SCOPES, startStory, urlOf } from "./story.js";

/** What the app stores about a user. */
interface Account {
  readonly profile: Profile;
  readonly accessToken: string;
  readonly refreshToken: string;
}

it("passport-discord signs in and refreshes with intercept()", async () => {
  const { discord, clientId, clientSecret, user, guild, expire, revoke } = await startStory({
    intercept: "fetch and http",
  });
  const app = express();
  const url = await urlOf(app.listen(0, "127.0.0.1"));
  const callbackURL = `${url}/auth/discord/callback`;
  discord.addRedirectUri(callbackURL);

  const strategy = new Strategy(
    { clientID: clientId, clientSecret, callbackURL, scope: SCOPES },
    (accessToken, refreshToken, profile, done) => done(null, { profile, accessToken, refreshToken }),
  );
  passport.use(strategy);
  refresh.use(strategy);
  passport.serializeUser((account, done) => done(null, account));
  passport.deserializeUser((account: Account, done) => done(null, account));
  app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  app.use(passport.initialize());
  app.use(passport.session());
  app.get("/auth/discord", passport.authenticate("discord"));
  app.get("/auth/discord/callback", passport.authenticate("discord", { failureRedirect: "/" }), (_req, res) =>
    res.redirect("/secretstuff"),
  );
  app.get(
    "/secretstuff",
    (req, res) => void (req.isAuthenticated() ? res.json(req.user) : res.sendStatus(401)),
  );

  const browser = discord.browser(url);
  expect((await browser.get("/secretstuff")).status).toBe(401);
  expect((await browser.signIn("/auth/discord", { user })).location).toBe("/secretstuff");
  const account = (await browser.get("/secretstuff")).json<Account>();
  expect(account.profile).toMatchObject({ id: user.id, username: "mira.k", guilds: [{ id: guild.id }] });

  await expire(account.accessToken);
  const refreshed = await new Promise<string | undefined>((resolve, reject) => {
    refresh.requestNewAccessToken("discord", account.refreshToken, (error, accessToken) =>
      error ? reject(new Error("The refresh was refused.", { cause: error })) : resolve(accessToken),
    );
  });
  await revoke(refreshed ?? "", (token) => revokeByFetch(token, clientId, clientSecret));
});
