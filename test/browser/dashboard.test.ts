import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createApp } from "../../examples/dashboard.js";
import { TRAIL_RUNNERS } from "../../examples/shared/sample-discord.js";
import { startForTest } from "../support/examples.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

async function signedIn() {
  const dashboard = await startForTest(createApp, "/auth/callback");
  const page = await visitor();
  await page.goto(dashboard.url);
  await page.getByRole("link", { name: "Sign in with Discord" }).click();
  await decide(page, "Authorize", "Mira mira.k");
  await heading(page, "Hello, Mira");
  return { ...dashboard, page };
}

function heading(page: Page, name: string): Promise<void> {
  return page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
}

describe("in a real browser, the dashboard", () => {
  it("opens the page of a server that one manages", async () => {
    const { page } = await signedIn();
    await page.getByRole("link", { name: "Test Kitchen" }).click();
    await heading(page, "Test Kitchen");
    const text = await page.getByRole("main").textContent();
    expect(text).toContain("Chef Mira");
    expect(text).toContain("Head chef");
  });

  it("refuses the page of one that somebody else manages", async () => {
    const { page, url } = await signedIn();
    expect(await page.getByRole("link", { name: "Trail Runners" }).count()).toBe(0);
    const answer = await page.goto(`${url}/guilds/${TRAIL_RUNNERS}`);
    expect(answer?.status()).toBe(403);
    await heading(page, "This page is not for you");
  });

  it("runs no script from a name", async () => {
    const { page } = await signedIn();
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      dialog.dismiss().catch(() => undefined);
    });
    await page.getByRole("link", { name: "<script>alert(1)</script>" }).click();
    await heading(page, "<script>alert(1)</script>");
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(dialogs).toEqual([]);
  });

  it("invites the bot to a server, and is back on its page", async () => {
    const { page } = await signedIn();
    await page.getByRole("link", { name: "<script>alert(1)</script>" }).click();
    await page.getByRole("link", { name: "Add the bot to this server" }).click();
    await decide(page, "Authorize");
    await heading(page, "<script>alert(1)</script>");
    await page.getByRole("heading", { name: "Roles of the server" }).waitFor();
  });

  it("asks for one more permission at the linked role, links and removes it", async () => {
    const { page } = await signedIn();
    await page.getByRole("link", { name: "Set up my linked role" }).click();
    await heading(page, "One more permission is needed");
    await page.getByRole("link", { name: "Allow it at Discord" }).click();
    await decide(page, "Authorize");
    await heading(page, "Linked role");
    await page.getByRole("button", { name: "Link my role" }).click();
    await page.getByText("Discord knows that you manage 3 servers.").waitFor();
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByRole("button", { name: "Link my role" }).waitFor();
  });

  it("leads a form that is sent after the sign-in has ended to the login", async () => {
    const { page, simulator, mira } = await signedIn();
    await page.getByRole("link", { name: "Set up my linked role" }).click();
    await page.getByRole("link", { name: "Allow it at Discord" }).click();
    await decide(page, "Authorize");
    await heading(page, "Linked role");
    const other = await page.context().newPage();
    await other.goto(new URL("/", page.url()).href);
    await other.getByRole("button", { name: "Sign out" }).click();
    await heading(other, "Your Discord servers, at a glance");
    await page.getByRole("button", { name: "Link my role" }).click();
    await decide(page, "Authorize");
    await heading(page, `Hello, ${mira.payload.global_name}`);
    expect(simulator.requestsTo("PUT /users/@me/applications/:id/role-connection")).toEqual([]);
  });

  it("signs out", async () => {
    const { page, url } = await signedIn();
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Your Discord servers, at a glance");
    expect(page.url()).toBe(`${url}/`);
    await page.reload();
    await page.getByRole("link", { name: "Sign in with Discord" }).waitFor();
  });

  it("offers a fresh start to somebody whose sign-in got lost", async () => {
    const { page, url } = await signedIn();
    await page.goto(`${url}/auth/callback?code=made-up&state=made-up`);
    await heading(page, "That sign-in did not finish");
    const isStyled = await page.evaluate<boolean>("getComputedStyle(document.body).display === 'grid'");
    expect(isStyled, "its own style passes the policy").toBe(true);
    await page.getByRole("link", { name: "Sign in with Discord" }).click();
    await decide(page, "Authorize");
    await heading(page, "Hello, Mira");
  });
});
