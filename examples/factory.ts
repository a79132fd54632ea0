import { randomBytes } from "node:crypto";
import express, { type Application } from "express";
import {
  DiscordOAuth2Session,
  discordRouter,
  redirectUnauthorized,
  requiresAuthorization,
  userLocals,
} from "express-discord";
import session from "express-session";
import { errorPages, NotFound } from "./shared/error-pages.js";
import { html } from "./shared/html.js";
import { ownFormsOnly } from "./shared/own-forms.js";
import { avatar, PUBLIC_FOLDER, sendPage } from "./shared/page.js";
import { isMain, run } from "./shared/run.js";
import { securityHeaders } from "./shared/security-headers.js";

/** The settings that differ between production, staging and tests, such as `DISCORD_CLIENT_ID`. */
export type Settings = Readonly<Record<string, string | undefined>>;

/** Created without an app or a configuration, so any module can import it. Nothing is read until `init`. */
export const discord = new DiscordOAuth2Session();

/** Creates a new app with each call. All of them share `discord`, so they must use the same Discord application. */
export function createApp(settings: Settings = {}): Application {
  const app = express();
  Object.assign(app.locals, { loginPath: "/auth/login", logoutPath: "/auth/logout" });
  for (const [name, value] of Object.entries(settings)) app.set(name, value);

  app.use(securityHeaders(settings["DISCORD_URL"]), express.static(PUBLIC_FOLDER));
  app.use(
    session({
      secret: process.env["SESSION_SECRET"] || randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: "lax", secure: "auto" },
    }),
  );
  discord.init(app);
  app.use(userLocals(), ownFormsOnly);

  app.use("/auth", discordRouter({ afterLogin: "/me" }));

  app.get("/", (_req, res) => {
    const content = html`<div class="message"><h1>An app from a factory</h1>
<p>You have to sign in to see the next page.</p>
<p><a class="button" href="/me">Who am I?</a></p></div>`;
    sendPage(res, { title: "An app from a factory", content });
  });

  app.get("/me", requiresAuthorization, async (req, res) => {
    const user = await discord.fetchUser(req);
    const content = html`<div class="title">${avatar(user, 256)}<h1>You are ${user.displayName}</h1></div>
<p>Discord knows you as ${user.tag}.</p>`;
    sendPage(res, { title: "Who I am", content });
  });

  app.use((_req, _res, next) => next(new NotFound()));
  app.use(redirectUnauthorized("/auth/login"), errorPages());
  return app;
}

if (isMain(import.meta.url)) {
  await run(
    ({ clientId, clientSecret, redirectUri, discordUrl }) =>
      createApp({
        DISCORD_CLIENT_ID: clientId,
        DISCORD_CLIENT_SECRET: clientSecret,
        DISCORD_REDIRECT_URI: redirectUri,
        DISCORD_URL: discordUrl,
      }),
    "/auth/callback",
  );
}
