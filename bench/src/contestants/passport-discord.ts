import type { RequestHandler } from "express";
import passport from "passport";
import { type Profile, Strategy } from "passport-discord";
import type { Mount } from "./contestant.js";
import { profilePage } from "./profile-page.js";

/** As the example of passport-discord does it, and with the `state` that it leaves out: the whole profile in the session. */
export const mount: Mount = (app, { clientId, clientSecret, discordUrl, redirectUri }) => {
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser<Express.User>((user, done) => done(null, user));

  const strategy = new Strategy(
    {
      clientID: clientId,
      clientSecret,
      callbackURL: redirectUri,
      scope: ["identify"],
      state: true as never,
      authorizationURL: `${discordUrl}/oauth2/authorize`,
      tokenURL: `${discordUrl}/api/oauth2/token`,
    },
    (_accessToken: string, _refreshToken: string, profile: Profile, done) => done(null, profile),
  );
  leadTo(discordUrl, strategy);
  passport.use(strategy);

  app.use(passport.session());
  app.get("/login", passport.authenticate("discord", { prompt: "consent" } as passport.AuthenticateOptions));
  app.get("/callback", passport.authenticate("discord", { failureRedirect: "/" }), (_req, res) =>
    res.redirect("/me"),
  );
  app.get("/me", requireLogin, (req, res) => {
    const { id, username, global_name, avatar } = req.user as Profile;
    const avatarUrl = `https://cdn.discordapp.com/avatars/${id}/${avatar}.png`;
    res.send(profilePage(id, global_name ?? username, avatarUrl));
  });
  return undefined;
};

const requireLogin: RequestHandler = (req, res, next) => {
  if (req.isAuthenticated()) next();
  else res.redirect("/login");
};

/** The address of the profile is written into the strategy: only its HTTP client can be led elsewhere. */
function leadTo(discordUrl: string, strategy: Strategy): void {
  const { _oauth2: client } = strategy as unknown as { _oauth2: { get: GetByToken } };
  const get = client.get.bind(client);
  client.get = (url, accessToken, callback) =>
    get(url.replace("https://discord.com", discordUrl), accessToken, callback);
}

type GetByToken = (url: string, accessToken: string, callback: unknown) => void;
