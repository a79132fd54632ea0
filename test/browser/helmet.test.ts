import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { DiscordOAuth2Session, discordRouter, userLocals } from "express-discord";
import session from "express-session";
import helmet from "helmet";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSimulator } from "../support/app.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

/** Starts an app with a login form and an avatar, with helmet's headers. */
async function start(directives: (discordUrl: string) => Readonly<Record<string, string[]>>) {
  const simulator = await startSimulator();
  const app = express();
  const server = createServer(app).listen(0);
  await once(server, "listening");
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const redirectUri = `${url}/auth/callback`;
  simulator.addRedirectUri(redirectUri);
  app.use(
    helmet({
      contentSecurityPolicy: { directives: { ...directives(simulator.url) } },
    }),
  );
  app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  const discord = new DiscordOAuth2Session(app, { ...simulator.options, redirectUri });
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await discord.close();
  });
  app.use("/auth", discordRouter());
  app.use(userLocals());
  app.get("/", (_req, res) => {
    const { user } = res.locals as { user?: { displayAvatarUrl: string } };
    res.send(
      user
        ? `<img src="${user.displayAvatarUrl}" alt="You"><form method="post" action="/auth/logout"><button>Sign out</button></form>`
        : `<a href="/auth/login">Sign in</a><form action="/auth/login"><button>Sign in with Discord</button></form>`,
    );
  });
  simulator.addUser();
  return { url, simulator };
}

const pictureIsShown =
  "document.querySelector('img').complete && document.querySelector('img').naturalWidth > 0";

describe("helmet", () => {
  it("helmet allows login forms and avatars with the two lines of the guide", async () => {
    const { url } = await start((discordUrl) => ({
      "img-src": ["'self'", "data:", "https://cdn.discordapp.com"],
      "form-action": ["'self'", discordUrl],
    }));
    const page = await visitor();
    await page.goto(url);
    await page.getByRole("button", { name: "Sign in with Discord" }).click();
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/`);
    await page.waitForFunction(pictureIsShown);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).waitFor();
  });

  it("helmet blocks login forms and avatars by default, but not a link to the login", async () => {
    const { url, simulator } = await start(() => ({}));
    const page = await visitor();
    const blocked: string[] = [];
    page.on("console", (message) => void (message.type() === "error" && blocked.push(message.text())));
    await page.goto(url);
    await page.getByRole("button", { name: "Sign in with Discord" }).click();
    await expect.poll(() => blocked.join()).toContain("form-action");
    expect(simulator.requestsTo("GET /oauth2/authorize")).toEqual([]);

    await page.goto(url);
    await page.getByRole("link", { name: "Sign in" }).click();
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/`);
    await expect.poll(() => blocked.join()).toContain("img-src");
    expect(await page.evaluate(pictureIsShown)).toBe(false);
  });
});
