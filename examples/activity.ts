import { randomBytes } from "node:crypto";
import express, { type Application } from "express";
import {
  DiscordOAuth2Session,
  type DiscordOptions,
  discordRouter,
  requiresAuthorization,
} from "express-discord";
import session from "express-session";
import { bundle } from "./activity/bundle.js";
import { html } from "./shared/html.js";
import { PUBLIC_FOLDER } from "./shared/page.js";
import { isMain, type RunningExample, run } from "./shared/run.js";

/** An Activity: a page that runs inside Discord and signs in with Discord's Embedded App SDK. */
export function createApp(options: DiscordOptions = {}): Application {
  const app = express();
  // Discord's proxy terminates TLS. Without this line, express-session sets no secure cookie.
  app.set("trust proxy", 1);
  app.use((_req, res, next) => {
    res.setHeader("Content-Security-Policy", policy(options.discordUrl));
    next();
  });
  app.use(express.static(PUBLIC_FOLDER));
  app.use(
    session({
      secret: process.env["SESSION_SECRET"] || randomBytes(32).toString("hex"),
      resave: false,
      saveUninitialized: false,
      // An Activity is a frame on a page of another site, so browsers send it no other cookies.
      cookie: { secure: true, sameSite: "none", partitioned: true },
    }),
  );
  const discord = new DiscordOAuth2Session(app, options);
  app.use("/api", discordRouter({ activityPath: "/token", loginPath: false, callbackPath: false }));

  app.get("/api/me", requiresAuthorization, async (req, res) => {
    const { displayName } = await discord.fetchUser(req);
    res.json({ name: displayName });
  });

  app.get("/", (_req, res) => {
    const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Activity</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<div class="message" id="activity" data-client-id="${discord.clientId}">
<h1>One moment</h1><p role="status">Asking Discord who you are.</p><p><button class="button" hidden></button></p>
</div>
</main>
<script type="module" src="/activity.js"></script>
</body>
</html>
`;
    res.send(page.toString());
  });

  const client = bundle(new URL("./activity/client.js", import.meta.url));
  app.get("/activity.js", async (_req, res) => {
    res.type("text/javascript").send(await client);
  });
  return app;
}

/** What the page may load, and who may show it in a frame. */
function policy(discordUrl = "https://discord.com"): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "connect-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    `frame-ancestors https://discord.com https://*.discord.com ${discordUrl}`,
  ].join("; ");
}

/** Without credentials, the simulator stands in for Discord's client. */
async function openInClient({ url, sample }: RunningExample): Promise<string> {
  if (!sample)
    return "\nIt is an Activity: open a tunnel to it, and map / to the tunnel's host in the developer portal.";
  const activity = await sample.simulator.openActivity({ appUrl: url });
  return `\n\nThis example is an Activity. Open it in a page that stands in for Discord's client:\n${activity.url}`;
}

if (isMain(import.meta.url)) await run(createApp, "/api/callback", openInClient);
