import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { createApp } from "../../examples/dashboard.js";
import { TRAIL_RUNNERS } from "../../examples/shared/sample-discord.js";
import { startForTest } from "../support/examples.js";
import { decide, useChromium, visitor } from "./chromium.js";

useChromium();

const ODD_NAME = "<script>alert(1)</script>";

async function signedIn() {
  const dashboard = await startForTest(createApp, "/auth/callback");
  const page = await visitor();
  await page.goto(dashboard.url);
  await page.getByRole("link", { name: "Sign in with Discord" }).click();
  await decide(page, "Authorize", "Mira mira.k");
  await heading(page, "Your servers");
  return { ...dashboard, page };
}

/** Adds the bot to the server that it is not in. */
async function addBot(page: Page): Promise<void> {
  await page.getByRole("link", { name: `Add the bot to ${ODD_NAME}` }).click();
  await decide(page, "Authorize");
  await heading(page, ODD_NAME);
}

function heading(page: Page, name: string): Promise<void> {
  return page.getByRole("heading", { name, exact: true, level: 1 }).waitFor();
}

describe("the dashboard in Chromium", () => {
  it("the dashboard opens the page of a server that the visitor manages", async () => {
    const { page } = await signedIn();
    await page.getByRole("link", { name: "Test Kitchen" }).click();
    await heading(page, "Test Kitchen");
    const text = await page.getByRole("main").textContent();
    expect(text).toContain("Chef Mira");
    expect(text).toContain("Head chef");
  });

  it("the dashboard refuses the page of a server that only somebody else manages", async () => {
    const { page, url } = await signedIn();
    expect(await page.getByRole("link", { name: "Trail Runners" }).count()).toBe(0);
    const answer = await page.goto(`${url}/dashboard/guilds/${TRAIL_RUNNERS}`);
    expect(answer?.status()).toBe(403);
    await heading(page, "You cannot open this page");
  });

  it("the dashboard runs no script from the name of a server", async () => {
    const { page } = await signedIn();
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      dialog.dismiss().catch(() => undefined);
    });
    await addBot(page);
    await page.getByText("<img src=x onerror=alert(1)>").waitFor();
    expect(dialogs).toEqual([]);
  });

  it("the dashboard adds the bot to a server, returns to its page and says what happened", async () => {
    const { page } = await signedIn();
    await addBot(page);
    await page.getByRole("status").getByText(`The bot is now in ${ODD_NAME}.`).waitFor();
    await page.getByRole("link", { name: "All servers" }).click();
    await page.getByRole("link", { name: `${ODD_NAME} Manager Manage` }).waitFor();
  });

  it("the dashboard makes only servers with something to manage clickable", async () => {
    const { page } = await signedIn();
    await page.waitForLoadState("load"); // the style sheet decides what looks clickable
    const looks =
      await page.evaluate<unknown>(`[...document.querySelectorAll(".card, .list li")].map((card) => {
      const { cursor, boxShadow } = getComputedStyle(card);
      return [card.querySelector(".name > span").textContent, cursor, boxShadow !== "none"];
    })`);
    expect(looks).toEqual([
      ["Test Kitchen", "pointer", true],
      ["Board Games & Coffee", "pointer", true],
      [ODD_NAME, "auto", false],
      ["Trail Runners", "auto", false],
    ]);
  });

  it("the dashboard saves a greeting, shows it after the next sign-in, and lets the bot post it", async () => {
    const { page, simulator } = await signedIn();
    await page.getByRole("link", { name: "Test Kitchen" }).click();
    await page.getByLabel("Channel").selectOption("#recipes");
    await page.getByLabel("Greeting").fill("Mind the stove.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("status").getByText("Your greeting is saved.").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("main").getByRole("link", { name: "Sign in with Discord" }).click();
    await decide(page, "Authorize", "Mira mira.k");
    await page.getByRole("link", { name: "Test Kitchen" }).click();
    expect(await page.getByLabel("Greeting").inputValue()).toBe("Mind the stove.");
    await page.getByRole("button", { name: "Post it now" }).click();
    await page.getByRole("status").getByText("The bot has posted your greeting.").waitFor();
    expect(simulator.messages.map(({ content }) => content)).toEqual(["Mind the stove."]);
  });

  it("the dashboard asks for one more permission before it links a role, and can remove the role", async () => {
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

  it("the dashboard sends visitors to the login if they submit a form after their sign-in has ended", async () => {
    const { page, simulator } = await signedIn();
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
    await heading(page, "Your servers");
    expect(simulator.requestsTo("PUT /users/@me/applications/:id/role-connection")).toEqual([]);
  });

  it("the dashboard signs out", async () => {
    const { page, url } = await signedIn();
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Your Discord servers, at a glance");
    expect(page.url()).toBe(`${url}/`);
    await page.reload();
    await page.getByRole("link", { name: "Sign in with Discord" }).waitFor();
  });

  it("the dashboard lets visitors start again if their login was lost", async () => {
    const { page, url } = await signedIn();
    await page.goto(`${url}/auth/callback?code=made-up&state=made-up`);
    await heading(page, "That sign-in did not finish");
    const isStyled = await page.evaluate<boolean>("getComputedStyle(document.body).display === 'grid'");
    expect(isStyled, "its own style passes the policy").toBe(true);
    await page.getByRole("link", { name: "Sign in with Discord" }).click();
    await decide(page, "Authorize");
    await heading(page, "Your servers");
  });
});
