import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { DiscordOAuth2Session, discordRouter } from "express-discord";
import session from "express-session";
import type { Locator } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { createApp } from "../../examples/basic.js";
import { startSimulator } from "../support/app.js";
import { startForTest } from "../support/examples.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

const start = () => startForTest(createApp, "/callback");

describe("the sample app in Chromium", () => {
  it("the sample app signs in by a click on the consent page, and out again", async () => {
    const { url, simulator } = await start();
    const page = await visitor();
    await page.goto(url);
    await page.getByRole("link", { name: "Sign in with Discord" }).first().click();
    expect(new URL(page.url()).origin).toBe(simulator.url);
    await decide(page, "Authorize", "Mira mira.k");
    await page.waitForURL(`${url}/`);
    await page.getByRole("link", { name: "Open my profile" }).click();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toContain("Mira");

    await page.goto(url);
    await page.getByRole("banner").getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("banner").getByRole("link", { name: "Sign in" }).waitFor();
    await page.goto(`${url}/me/`);
    expect(new URL(page.url()).origin).toBe(simulator.url);
  });

  it("the consent page offers the servers that the chosen user manages, and the bot is added to one of them", async () => {
    const { url } = await start();
    const page = await visitor();
    await page.goto(`${url}/invite-oauth/`);
    const servers = page.getByRole("group", { name: "Add the bot to" });
    await page.getByRole("radio", { name: "Noor" }).check();
    await servers.getByText("Noor manages no server").waitFor();
    expect(await servers.getByRole("radio").count()).toBe(0);
    await page.getByRole("radio", { name: "Tomás" }).check();
    expect(await servers.getByRole("radio").count()).toBe(1);
    await decide(page, "Authorize", "Trail Runners");
    await page.getByRole("status").getByText("The bot is now in Trail Runners.").waitFor();
    await page.getByRole("heading", { name: "Hello, Tomás" }).waitFor();
  });

  it("the sample app accepts Cancel with a kind word, and lets the visitor try again", async () => {
    const { url } = await start();
    const page = await visitor();
    await page.goto(`${url}/login/`);
    await decide(page, "Cancel");
    await page.getByRole("heading", { name: "You pressed Cancel" }).waitFor();
    await page.getByRole("link", { name: "Sign in with Discord" }).click();
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/`);
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
  });

  it("two tabs sign in side by side, each with its own data, and may finish in the other order", async () => {
    const { url } = await start();
    const first = await visitor();
    const second = await first.context().newPage();
    await first.goto(`${url}/login/`);
    await second.goto(`${url}/login-data/`);

    await decide(second, "Authorize", "Mira mira.k");
    await second.waitForURL(`${url}/me/`);
    expect(await second.getByRole("main").textContent()).toContain("15off");

    await decide(first, "Authorize", "Mira mira.k");
    await first.waitForURL(`${url}/`);
    await first.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    await second.reload();
    expect(await second.getByRole("heading", { level: 1 }).textContent()).toContain("Mira");
  });

  it("a visitor who goes back and presses Authorize again stays signed in, and is greeted once", async () => {
    const { url, simulator } = await start();
    const page = await visitor();
    await page.goto(`${url}/login/`);
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/`);
    await page.goBack();
    await decide(page, "Authorize");
    // The login is over, so its cookie is gone, and the new code does not belong to any login of this browser.
    await page.waitForURL(
      (address) => address.href.startsWith(`${url}/`) && address.searchParams.has("code"),
    );
    await page.goto(`${url}/`);
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    expect(simulator.messages).toHaveLength(1);
    expect(simulator.requestsTo("POST /oauth2/token")).toHaveLength(1);
  });

  it("a double click on Authorize signs in", async () => {
    const { url } = await start();
    const page = await visitor();
    await page.goto(`${url}/login/`);
    await page.getByRole("button", { name: "Authorize" }).dblclick();
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    await page.goto(`${url}/me/`);
    await page.getByRole("heading", { name: "Mira" }).waitFor();
  });

  it("a second press of Authorize while the first one takes long signs in", async () => {
    const { url, simulator } = await start();
    simulator.fail({ kind: "delay", ms: 3000, route: "POST /oauth2/token" });
    const page = await visitor();
    await page.goto(`${url}/login/`);
    const { x, y } = await middleOf(page.getByRole("button", { name: "Authorize" }));
    await page.mouse.click(x, y);
    await expect.poll(() => simulator.requestsTo("POST /oauth2/token").length, { timeout: 20_000 }).toBe(1);
    await page.mouse.click(x, y);
    await page.getByRole("heading", { name: "Hello, Mira" }).waitFor();
    // Each press sends a code of its own, and each code is a login.
    await expect.poll(() => simulator.requestsTo("POST /oauth2/token").length).toBe(2);
    await page.goto(`${url}/me/`);
    await page.getByRole("heading", { name: "Mira" }).waitFor();
  });

  it("the sample app adds the visitor to a server at the press of a button", async () => {
    const { url } = await start();
    const page = await visitor();
    await page.goto(`${url}/login/`);
    await decide(page, "Authorize", "Tomás tomas");
    await page.getByRole("button", { name: "Join the server" }).click();
    await page.getByRole("status").getByText("You are a member now.").waitFor();
    await page.getByRole("listitem").getByText("Test Kitchen").waitFor();
  });
});

describe("a session cookie that is SameSite=Strict", () => {
  it("a SameSite=Strict session cookie makes the visitor look signed out after the login, as the warning says", async () => {
    const simulator = await startSimulator();
    const server = createServer().listen(0);
    await once(server, "listening");
    const url = `http://localhost:${(server.address() as AddressInfo).port}`;
    const app = express();
    app.use(
      session({
        secret: "a secret of the session cookie",
        resave: false,
        saveUninitialized: false,
        cookie: { sameSite: "strict" },
      }),
    );
    simulator.addRedirectUri(`${url}/auth/callback`);
    const discord = new DiscordOAuth2Session(app, {
      ...simulator.options,
      redirectUri: `${url}/auth/callback`,
    });
    onTestFinished(async () => {
      server.closeAllConnections();
      server.close();
      await discord.close();
    });
    app.use("/auth", discordRouter({ afterLogin: "/state" }));
    app.get("/state", async (req, res) => {
      const state = (await discord.isAuthorized(req)) ? "signed in" : "signed out";
      res.send(`<h1>${state}</h1><a href="/state">Look again</a>`);
    });
    server.on("request", app);
    const warned = new Promise<Error>((resolve) => process.once("warning", resolve));

    const page = await visitor();
    await page.goto(`${url}/auth/login`);
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/state`);
    await page.getByRole("heading", { name: "signed out" }).waitFor();
    expect(await warned).toMatchObject({
      name: "ExpressDiscordWarning",
      code: "EXPRESS_DISCORD_SAME_SITE_STRICT",
      message: expect.stringContaining("visitors look signed out"),
    });

    await page.getByRole("link", { name: "Look again" }).click();
    await page.getByRole("heading", { name: "signed in" }).waitFor();
  });
});

/** Clicks with the mouse itself: a locator would wait for the page that is loading. */
async function middleOf(locator: Locator): Promise<{ readonly x: number; readonly y: number }> {
  await locator.scrollIntoViewIfNeeded();
  const box = await locator.boundingBox();
  if (!box) throw new Error("It is not to be seen.");
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
