import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { DiscordOAuth2Session, discordRouter, requiresAuthorization } from "express-discord";
import session from "express-session";
import helmet from "helmet";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSimulator } from "../support/app.js";
import { decide, useChromium, visitor } from "./chromium.js";

const OWN_HOST = "app.example";
const OTHER_HOST = "other.example";

// On plain http, Chromium sends Sec-Fetch-Site to localhost and to no other host.
useChromium({ hosts: [OWN_HOST, OTHER_HOST] });

async function listen(host: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** An app under helmet's default referrer policy, and a page of another site that posts to the app's logout. */
async function start(cookie: session.CookieOptions) {
  const simulator = await startSimulator();
  const logouts: IncomingHttpHeaders[] = [];
  const app = express();
  const url = await listen(OWN_HOST, app);
  const redirectUri = `${url}/auth/callback`;
  simulator.addRedirectUri(redirectUri);
  app.use(helmet.referrerPolicy());
  app.use(
    session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false, cookie }),
  );
  const discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri });
  onTestFinished(() => discord.close());
  app.post("/auth/logout", ({ headers }, _res, next) => {
    logouts.push(headers);
    next();
  });
  app.use("/auth", discordRouter({ afterLogin: "/me", afterLogout: "/me" }));
  app.get("/me", requiresAuthorization, (_req, res) => {
    res.send(`<form method="post" action="/auth/logout"><button>Sign out</button></form>`);
  });
  app.use(((error, _req, res, _next) => {
    res.status(error.status).send(error.code);
  }) satisfies express.ErrorRequestHandler);
  const otherUrl = await listen(OTHER_HOST, (_req, res) => {
    res.setHeader("Content-Type", "text/html");
    res.setHeader("Referrer-Policy", "no-referrer");
    res.end(`<form method="post" action="${url}/auth/logout"><button>Win a prize</button></form>`);
  });
  simulator.addUser();

  const page = await visitor();
  await page.goto(`${url}/auth/login`);
  await decide(page, "Authorize");
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  return { page, url, otherUrl, logouts };
}

describe("a logout on plain http under helmet's referrer policy, in Chromium", () => {
  it("on plain http with helmet, the app's own form signs out if the session cookie is lax, without Origin and Sec-Fetch-Site", async () => {
    const { page, logouts } = await start({ sameSite: "lax" });

    await page.getByRole("button", { name: "Sign out" }).click();

    await page.getByText("not_signed_in").waitFor();
    expect(logouts).toMatchObject([{ origin: "null", cookie: expect.stringContaining("connect.sid") }]);
    expect(logouts[0]).not.toHaveProperty("sec-fetch-site");
    expect(logouts[0]).not.toHaveProperty("referer");
  });

  it("on plain http with helmet, another site's form signs nobody out if the session cookie is lax", async () => {
    const { page, url, otherUrl, logouts } = await start({ sameSite: "lax" });

    await page.goto(otherUrl);
    await page.getByRole("button", { name: "Win a prize" }).click();
    await page.waitForURL(`${url}/me`);

    expect(logouts).toMatchObject([{ origin: "null" }]);
    expect(logouts[0]).not.toHaveProperty("sec-fetch-site");
    expect(logouts[0]).not.toHaveProperty("cookie");
    await page.goto(`${url}/me`);
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  });

  it.each(["Sign out", "Win a prize"])(
    "on plain http with helmet, the button %s signs nobody out if the session cookie has no sameSite",
    async (button) => {
      const { page, url, otherUrl } = await start({});
      if (button === "Win a prize") await page.goto(otherUrl);

      await page.getByRole("button", { name: button }).click();

      await page.getByText("cross_site_request").waitFor();
      await page.goto(`${url}/me`);
      await page.getByRole("button", { name: "Sign out" }).waitFor();
    },
  );
});
