import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import cors from "cors";
import express from "express";
import {
  DiscordOAuth2Session,
  discordRouter,
  redirectUnauthorized,
  requiresAuthorization,
} from "express-discord";
import session from "express-session";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSimulator } from "../support/app.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

async function listen(server: Server): Promise<string> {
  server.listen(0);
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

/** A single-page app that shows who is signed in, and its API on another port. */
async function start({ isListed }: { isListed: boolean }) {
  const simulator = await startSimulator();
  const pages = createServer();
  const pagesUrl = await listen(pages);
  const api = express();
  const apiUrl = await listen(createServer(api));
  pages.on("request", (_req, res) => {
    res.setHeader("Content-Type", "text/html");
    res.end(`<!doctype html><title>Orders</title><h1></h1><button hidden>Sign out</button><script>
      const h1 = document.querySelector("h1"), button = document.querySelector("button");
      async function show() {
        const answer = await fetch("${apiUrl}/me", { credentials: "include" });
        const { name, login } = await answer.json();
        h1.innerHTML = name ? "Hello, " + name : '<a>Sign in</a>';
        if (login) h1.firstChild.href = login + "?returnTo=" + encodeURIComponent(location.href);
        button.hidden = !name;
      }
      button.onclick = async () => {
        const { status } = await fetch("${apiUrl}/auth/logout", { method: "POST", credentials: "include" });
        button.textContent = String(status);
        await show();
      };
      show();
    </script>`);
  });
  const redirectUri = `${apiUrl}/auth/callback`;
  simulator.addRedirectUri(redirectUri);
  api.use(cors({ origin: pagesUrl, credentials: true }));
  api.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
  const origins = isListed ? [pagesUrl] : [];
  const discord = new DiscordOAuth2Session(api, { ...simulator.options, redirectUri, origins });
  onTestFinished(() => discord.close());
  api.use("/auth", discordRouter({ afterLogin: "/home" }));
  api.get("/me", requiresAuthorization, async (req, res) => {
    res.json({ name: (await discord.fetchUser(req)).displayName });
  });
  api.get("/home", (_req, res) => void res.send("The API's own page."));
  api.use(redirectUnauthorized("/auth/login"));
  simulator.addUser({ username: "mira.k", global_name: "Mira" });
  return { pagesUrl, apiUrl };
}

describe("a single-page app on another port", () => {
  it("a single-page app on another port signs in, returns to the visitor's page, and signs out", async () => {
    const { pagesUrl } = await start({ isListed: true });
    const page = await visitor();
    await page.goto(`${pagesUrl}/orders?page=2#last`);
    await page.getByRole("link", { name: "Sign in" }).click();
    await decide(page, "Authorize");
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    expect(page.url()).toBe(`${pagesUrl}/orders?page=2#last`);

    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).waitFor();
    expect(await page.locator("button").textContent()).toBe("204");
  });

  it("logins do not return to an origin that is not listed, and it cannot sign anybody out", async () => {
    const { pagesUrl, apiUrl } = await start({ isListed: false });
    const page = await visitor();
    await page.goto(`${apiUrl}/auth/login?returnTo=${encodeURIComponent(pagesUrl)}`);
    await decide(page, "Authorize");
    await page.waitForURL(`${apiUrl}/home`);

    await page.goto(pagesUrl);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "403" }).waitFor();
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
  });
});
