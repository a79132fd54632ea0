import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createApp as createActivity } from "../../examples/activity.js";
import { createApp as createBasic } from "../../examples/basic.js";
import { createApp as createDashboard } from "../../examples/dashboard.js";
import { createApp as createFromFactory } from "../../examples/factory.js";
import { SCRIPT_SOCIETY, TEST_KITCHEN, TRAIL_RUNNERS } from "../../examples/shared/sample-discord.js";
import { startForTest } from "../support/examples.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

const PHONE = { width: 390, height: 844 };
const DESKTOP = { width: 1280, height: 800 };

/**
 * Checks that a page is accessible at every width, in light and dark, and that no picture is missing. Screenshots go to
 * `test-results/`.
 */
async function inspect(page: Page, name: string): Promise<void> {
  expect(await brokenPictures(page), name).toEqual([]);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const viewport of [PHONE, DESKTOP]) {
      await page.setViewportSize(viewport);
      const where = `${name}-${viewport.width}-${colorScheme}`;
      await page.screenshot({ path: `test-results/${where}.png`, fullPage: true });
      const overflow = await page.evaluate<number>(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow, `${where} scrolls sideways`).toBe(0);
      expect(await violations(page), where).toEqual([]);
    }
  }
}

/** Returns pictures that are missing without a network: the app and its simulated Discord must serve them all. */
async function brokenPictures(page: Page): Promise<string[]> {
  await page.waitForLoadState("load");
  return page.evaluate<string[]>(`[...document.images]
    .filter(({ complete, naturalWidth, src }) =>
      !complete || naturalWidth === 0 || !["localhost", "127.0.0.1"].includes(new URL(src).hostname))
    .map(({ src }) => src)`);
}

/** Checks each frame separately, because pages cannot look into frames of other sites. */
async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const frame of page.frames().filter((one) => /^https?:/.test(one.url()))) {
    await frame.evaluate(axe.source);
    const results = await frame.evaluate<AxeResults>("axe.run(document, { iframes: false })");
    for (const { id, nodes } of results.violations)
      found.push(`${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  }
  return found;
}

describe("looks and accessibility on phone and desktop, in light and dark", () => {
  it("the start page of the sample app is accessible at every size, before and after a sign-in and an invite", async () => {
    const { url } = await startForTest(createBasic, "/callback");
    const page = await visitor();
    await page.goto(url);
    await inspect(page, "basic-signed-out");
    await page.goto(`${url}/login/`);
    await decide(page, "Authorize", "Mira mira.k");
    await page.waitForURL(`${url}/`);
    await inspect(page, "basic-signed-in");
    await page.goto(`${url}/invite-oauth/`);
    await inspect(page, "consent-choose-server");
    await decide(page, "Authorize", "<script>alert(1)</script>");
    await page.getByRole("status").waitFor();
    await inspect(page, "basic-invited");
  });

  it("the other pages of the sample app are accessible at every size", async () => {
    const { url } = await startForTest(createBasic, "/callback");
    const page = await visitor();
    await page.goto(`${url}/login-data/`);
    await decide(page, "Cancel");
    await inspect(page, "basic-cancelled");
    await page.goto(`${url}/login-data/`);
    await decide(page, "Authorize", "Mira mira.k");
    await page.waitForURL(`${url}/me/`);
    await inspect(page, "basic-me");
    for (const path of ["me/guilds", "me/connections", "secret", `managers/${TEST_KITCHEN}`, "nowhere"]) {
      await page.goto(`${url}/${path}`);
      await inspect(page, `basic-${path.replace("/", "-")}`);
    }
    await page.goto(url);
    await page.getByRole("button", { name: "Join the server" }).click();
    await page.getByRole("status").waitFor();
    await inspect(page, "basic-joined");
  });

  it("the pages of the factory's app are accessible at every size", async () => {
    const { url, mira } = await startForTest(
      ({ clientId, clientSecret, redirectUri, discordUrl }) =>
        createFromFactory({
          DISCORD_CLIENT_ID: clientId,
          DISCORD_CLIENT_SECRET: clientSecret,
          DISCORD_REDIRECT_URI: redirectUri,
          DISCORD_URL: discordUrl,
        }),
      "/auth/callback",
    );
    const page = await visitor();
    await page.goto(url);
    await inspect(page, "factory-home");
    mira.payload.global_name = "W".repeat(32);
    await page.getByRole("link", { name: "Who am I?" }).click();
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/me`);
    await inspect(page, "factory-me");
  });

  it("the dashboard is accessible at every size", async () => {
    const { url, simulator, mira } = await startForTest(createDashboard, "/auth/callback");
    const crowded = simulator.addGuild({
      name: "Donaudampfschifffahrtsgesellschaftskapitänsmützenfabrik".repeat(2),
    });
    simulator.addMember(crowded, mira, { owner: true });
    const pictured = simulator.addGuild({ name: "Pictured", icon: "0123456789abcdef0123456789abcdef" });
    simulator.addMember(pictured, mira, { owner: true });

    const page = await visitor();
    await page.goto(url);
    await inspect(page, "dashboard-welcome");
    await page.goto(`${url}/auth/callback?code=made-up&state=made-up`);
    await inspect(page, "start-again");
    await page.goto(`${url}/auth/login`);
    await inspect(page, "consent");
    await decide(page, "Authorize", "Mira mira.k");
    await page.waitForURL(`${url}/dashboard`);
    await inspect(page, "dashboard-servers");
    for (const [path, name] of [
      [`guilds/${TEST_KITCHEN}`, "server"],
      [`guilds/${SCRIPT_SOCIETY}`, "server-without-bot"],
      [`guilds/${crowded.id}`, "server-with-long-name"],
      [`guilds/${TRAIL_RUNNERS}`, "forbidden"],
      ["linked-role", "missing-scopes"],
      ["nowhere", "not-found"],
    ]) {
      await page.goto(`${url}/dashboard/${path}`);
      await inspect(page, `dashboard-${name}`);
    }
  });

  it("the dashboard's settings and linked role are accessible at every size", async () => {
    const { url } = await startForTest(createDashboard, "/auth/callback");
    const page = await visitor();
    await page.goto(`${url}/auth/login`);
    await decide(page, "Authorize", "Mira mira.k");
    await page.waitForURL(`${url}/dashboard`);
    await page.goto(`${url}/dashboard/guilds/${SCRIPT_SOCIETY}/invite`);
    await inspect(page, "consent-bot");
    await decide(page, "Authorize");
    await page.getByRole("status").waitFor();
    await inspect(page, "dashboard-invited");
    await page.getByLabel("Greeting").fill(`Welcome! ${"x".repeat(200)}`);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Post it now" }).waitFor();
    await inspect(page, "dashboard-saved");
    await page.getByLabel("Greeting").fill("   ");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("alert").waitFor();
    await inspect(page, "dashboard-not-saved");

    await page.goto(`${url}/dashboard/grant?scopes=role_connections.write&returnTo=/dashboard/linked-role`);
    await inspect(page, "consent-linked-role");
    await decide(page, "Authorize");
    await page.waitForURL(`${url}/dashboard/linked-role`);
    await inspect(page, "dashboard-unlinked");
    await page.getByRole("button", { name: "Link my role" }).click();
    await page.getByText("Discord knows").waitFor();
    await inspect(page, "dashboard-linked");
  });

  it("the simulator's own pages are accessible at every size", async () => {
    const { url, simulator } = await startForTest(createDashboard, "/auth/callback");
    const page = await visitor();
    await page.goto(simulator.url);
    await page.getByRole("button", { name: "Sign in as Tomás" }).click();
    await page.getByText("Signed in").waitFor();
    await inspect(page, "simulator-start");
    await page.goto(`${url}/auth/login`);
    expect(await page.getByRole("radio", { name: "Tomás" }).isChecked()).toBe(true);
  });

  it("an Activity and the client's page around it are accessible at every size", async () => {
    const { url, simulator } = await startForTest(createActivity, "/api/callback");
    const page = await visitor();
    const activity = await simulator.openActivity({ appUrl: url });
    await page.goto(simulator.url);
    await inspect(page, "simulator-start-with-activity");
    await page.getByRole("link", { name: url }).click();
    expect(page.url()).toBe(activity.url);
    const consent = page.frameLocator("dialog iframe");
    await consent.getByRole("button", { name: "Authorize" }).waitFor();
    await inspect(page, "activity-consent");
    await consent.getByRole("radio", { name: "Mira mira.k" }).check();
    await consent.getByRole("button", { name: "Authorize" }).click();
    await page.frameLocator("iframe.activity").getByRole("heading", { name: "Hello, Mira" }).waitFor();
    await inspect(page, "activity");
    await page.frameLocator("iframe.activity").getByRole("button", { name: "Sign out" }).click();
    await page.goto(url);
    await page.getByRole("heading", { name: "This is an Activity" }).waitFor();
    await inspect(page, "activity-outside");
  });

  it("the dashboard's pages about a rate limit and an outage are accessible at every size", async () => {
    const { url, simulator } = await startForTest(createDashboard, "/auth/callback");
    const page = await visitor();
    await page.goto(`${url}/auth/login`);
    simulator.fail({ kind: "html", route: "/users/@me/guilds", times: 9 });
    await decide(page, "Authorize", "Mira mira.k");
    await page.getByRole("heading", { name: "Discord is not answering" }).waitFor();
    await inspect(page, "dashboard-discord-down");
    simulator.clearFaults();
    simulator.fail({ kind: "rate-limited", route: "/users/@me/guilds", retryAfter: 30 });
    await page.goto(`${url}/dashboard`);
    await page.getByRole("heading", { name: "Discord is busy" }).waitFor();
    await inspect(page, "dashboard-rate-limited");
  });
});
