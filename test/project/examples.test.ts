import { readFileSync } from "node:fs";
import type { Application } from "express";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createApp as createActivity } from "../../examples/activity.js";
import { createApp as createBasic } from "../../examples/basic.js";
import { createApp as createDashboard } from "../../examples/dashboard.js";
import { createApp as createFromFactory, discord as factoryDiscord } from "../../examples/factory.js";
import { FEATURES } from "../../examples/shared/basic-pages.js";
import { html } from "../../examples/shared/html.js";
import { routeCode } from "../../examples/shared/route-code.js";
import {
  BOARD_GAMES,
  SCRIPT_SOCIETY,
  TEST_KITCHEN,
  TRAIL_RUNNERS,
} from "../../examples/shared/sample-discord.js";
import { count } from "../../examples/shared/words.js";
import type { Browser } from "../../src/testing/index.js";
import { startForTest } from "../support/examples.js";

const SCRIPT = "&lt;script&gt;alert(1)&lt;/script&gt;";
const HINT = "This really is the name, safely escaped.";
const BASIC = new URL("../../examples/basic.ts", import.meta.url);

/** Returns the target of a link, as a browser reads it. */
function hrefOf(text: string, label: string): string {
  const [, href = ""] = new RegExp(`href="([^"]*)">${label}<`).exec(text) ?? [];
  return href.replaceAll("&amp;", "&");
}

function postFrom(browser: Browser, url: string, path: string, form: Readonly<Record<string, string>> = {}) {
  return browser.post(path, { form, headers: { Origin: url } });
}

function headerOf(text: string): string {
  return text.slice(text.indexOf("<header"), text.indexOf("</header>"));
}

/** Returns the routes of an app itself, such as "GET /me/", without those of mounted routers. */
function routesOf(app: Application): string[] {
  const routes = app.router.stack.flatMap(({ route }) => route ?? []);
  return routes.flatMap(({ path, stack }) =>
    [...new Set(stack.map(({ method }) => method))].map((method) => `${method.toUpperCase()} ${path}`),
  );
}

describe("html", () => {
  it("the html tag escapes text and attributes, keeps HTML, joins lists and omits missing values", () => {
    const items = ["<a>", "'&\""].map((text) => html`<li title="${text}">${text}</li>`);
    const nothing = [false, null, undefined] as const;
    expect(html`<ul>${items}${nothing}${0}</ul>`.toString()).toBe(
      '<ul><li title="&lt;a&gt;">&lt;a&gt;</li><li title="&#39;&amp;&quot;">&#39;&amp;&quot;</li>0</ul>',
    );
  });
});

it('the sample apps write "no servers", "1 server" and "2 servers"', () => {
  expect([0, 1, 2].map((number) => count(number, "server"))).toEqual(["no servers", "1 server", "2 servers"]);
});

describe("the start page", () => {
  it("the sample app's start page explains every route of the sample app, and no other", async () => {
    const { app } = await startForTest(createBasic, "/callback");
    const explained = Object.values(FEATURES).flatMap((features) => features.map(({ route }) => route));
    expect(explained.sort()).toEqual(
      routesOf(app)
        .filter((route) => route !== "GET /")
        .sort(),
    );
  });

  it("the sample app's start page shows the code of each route as it is in examples/basic.ts", async () => {
    const { url, simulator } = await startForTest(createBasic, "/callback");
    const { text } = await simulator.browser(url).get("/");
    const source = readFileSync(BASIC, "utf8");
    const shown = [...text.matchAll(/<pre [^>]*><code>([\s\S]*?)<\/code>/g)].map(([, code = ""]) =>
      code
        .replaceAll(/<\/?span[^>]*>/g, "")
        .replaceAll("&lt;", "<")
        .replaceAll("&gt;", ">")
        .replaceAll("&quot;", '"')
        .replaceAll("&#39;", "'")
        .replaceAll("&amp;", "&"),
    );
    expect(shown).toHaveLength(Object.values(FEATURES).flat().length);
    for (const code of shown) {
      expect(code).toMatch(/^app\.(?:get|post)\(/);
      expect(code).toMatch(/\);$/);
      expect(source).toContain(code.replaceAll(/^(?=.)/gm, "  "));
    }
  });

  it("routeCode reads a route of one line, and one that ends in the middle of others", () => {
    const code = routeCode(BASIC);
    expect(code.get("GET /me/")).toMatch(/^app\.get\("\/me\/", [\s\S]*fetchUser[\s\S]*\n\}\);$/);
    expect(code.get("GET /invite-oauth/")).toMatch(/^app\.get\("\/invite-oauth\/"[\s\S]*\n\);$/);
  });

  it("the sample app's start page lists whom you can sign in as, with pictures of the simulated Discord", async () => {
    const { url, simulator } = await startForTest(createBasic, "/callback");
    const { text } = await simulator.browser(url).get("/");
    for (const name of ["Mira", "Tomás", "Noor"]) expect(text).toContain(`<strong>${name}</strong>`);
    const pictures = [...text.matchAll(/<img class="avatar" src="([^"]+)"/g)].map(([, src = ""]) => src);
    expect(pictures).toHaveLength(3);
    expect(pictures.filter((src) => !src.startsWith(simulator.url))).toEqual([]);
  });

  it("the sample app's start page greets the visitor with counts, and offers the buttons for visitors", async () => {
    const { url, simulator, mira } = await startForTest(createBasic, "/callback");
    const browser = simulator.browser(url);
    const before = (await browser.get("/")).text;
    expect(headerOf(before)).toContain('<a class="button secondary" href="/login/">Sign in</a>');
    expect(before).not.toContain(`action="/add_to/${TEST_KITCHEN}"`);
    await browser.signIn("/login/", { user: mira });
    const { text } = await browser.get("/");
    for (const part of ["Hello, Mira", ">4 servers<", ">2 connections<", `action="/add_to/${TEST_KITCHEN}"`])
      expect(text).toContain(part);
    for (const part of ["<span>Mira</span>", "/avatars/", 'action="/logout/"'])
      expect(headerOf(text)).toContain(part);
  });

  it("the sample app's start page works without shared servers and connections, and while Discord is down", async () => {
    const { url, simulator, mira } = await startForTest(createBasic, "/callback");
    const browser = simulator.browser(url);
    await browser.signIn("/invite-oauth/", { user: mira, guildId: SCRIPT_SOCIETY });
    simulator.fail({ kind: "html", route: "/users/@me", times: 9 });
    const { status, text } = await browser.get("/");
    expect(status).toBe(200);
    expect(text).toContain("Hello, Mira");
    expect(text).not.toContain('<li><a href="/me/');
  });
});

describe("examples/basic.ts", () => {
  const start = () => startForTest(createBasic, "/callback");

  it("the sample app's bot greets each new visitor with one message, even if the callback comes twice", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const login = await browser.get("/login/");
    const callback = await simulator.approve(login.location ?? "", { user: mira });
    const twin = browser.clone();
    const answers = await Promise.all([browser.get(callback), twin.get(callback)]);
    expect(answers.map(({ status, location }) => [status, location])).toEqual([
      [302, "/"],
      [302, "/"],
    ]);
    expect(simulator.messages).toHaveLength(1);
    expect(simulator.messages[0]).toMatchObject({ content: expect.stringContaining("Welcome") });
  });

  it("the sample app signs in a visitor who accepts no messages", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    const { url, simulator, tomas } = await start();
    tomas.directMessagesClosed = true;
    const browser = simulator.browser(url);
    expect((await browser.signIn("/login/", { user: tomas })).location).toBe("/");
    expect((await browser.get("/me/")).text).toContain("Tomás");
    expect(warn.mock.calls).toEqual([[expect.stringContaining("Cannot send messages to this user")]]);
  });

  it("the sample app gets strings, numbers, zero and false back from a login", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    expect((await browser.signIn("/login-data/", { user: mira })).location).toBe("/me/");
    const { text } = await browser.get("/me/");
    for (const [name, value] of [
      ["coupon", "&quot;15off&quot;"],
      ["number", "15"],
      ["zero", "0"],
      ["status", "false"],
    ]) {
      expect(text).toContain(`${name}</dt><dd>${value}</dd>`);
    }
  });

  it("the sample app invites the bot with the permissions that it needs, into one fixed server", async () => {
    const { url, simulator } = await start();
    const { location = "" } = await simulator.browser(url).get("/invite-bot/");
    const query = Object.fromEntries(new URL(location).searchParams);
    expect(query).toMatchObject({
      scope: "bot",
      permissions: "3073",
      guild_id: TEST_KITCHEN,
      disable_guild_select: "true",
    });
  });

  it("the sample app invites the bot and signs the visitor in at once", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/invite-oauth/", { user: mira, guildId: SCRIPT_SOCIETY });
    expect(simulator.requestsTo("POST /oauth2/token")[0]?.status).toBe(200);
    expect((await browser.get("/me/")).text).toContain("mira.k");
  });

  it("the sample app says once, after an invite, which server the bot is in now", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: mira });
    await browser.signIn("/invite-bot/", { user: mira, guildId: TEST_KITCHEN });
    const notice = '<p class="notice" role="status">The bot is now in Test Kitchen.</p>';
    const { text } = await browser.get("/");
    expect(text).toContain(notice);
    expect(text).toContain("Hello, Mira");
    expect((await browser.get("/")).text).not.toContain('role="status"');
  });

  it("the sample app says after an invite which server the bot is in, even to visitors who are not signed in", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/invite-bot/", { user: mira, guildId: TEST_KITCHEN });
    const { text } = await browser.get("/");
    expect(text).toContain("The bot is now in Test Kitchen.");
    expect(text).toContain("Sign in with Discord");
  });

  it("the sample app marks the servers that the visitor administers, escapes names, and explains those that look like HTML", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: mira });
    const { text } = await browser.get("/me/guilds/");
    const marked = [...text.matchAll(/<span class="name">([^<]*)<\/span>\s*<span class="badge">Admin/g)];
    expect(marked.map(([, name]) => name)).toEqual(["Test Kitchen", "Board Games &amp; Coffee"]);
    expect(text).toContain(`${SCRIPT}<small class="hint">${HINT}`);
    expect(text.split(HINT)).toHaveLength(2);
    expect(text).toContain("You are in 4 servers.");
    expect(text).not.toContain("<script>");
  });

  it("the sample app opens its page for managers to those who manage the server, and to no others", async () => {
    const { url, simulator, mira, noor } = await start();
    const path = `/managers/${BOARD_GAMES}`;
    const [manager, member] = [simulator.browser(url), simulator.browser(url)];
    await manager.signIn("/login/", { user: mira });
    await member.signIn("/login/", { user: noor });
    const opened = await manager.get(path);
    expect([opened.status, hrefOf(opened.text, "Open its settings")]).toEqual([
      200,
      `/dashboard/guilds/${BOARD_GAMES}`,
    ]);
    const refused = await member.get(path);
    expect([refused.status, refused.text.includes("You cannot open this page")]).toEqual([403, true]);
  });

  it("the sample app lists the connections", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: mira });
    const { text } = await browser.get("/me/connections/");
    expect(text).toMatch(/mira-k .*on github[\s\S]*Verified/);
    expect(text).toContain("mira &lt;3");
  });

  it("the sample app adds the visitor to a server, and says if they were a member already", async () => {
    const { url, simulator, noor } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const outcomes = ["You are a member now.", "You were a member already."];
    for (const outcome of outcomes) {
      const joined = await postFrom(browser, url, `/add_to/${TEST_KITCHEN}`);
      expect(joined).toMatchObject({ status: 303, location: "/me/guilds/" });
      const { text } = await browser.get("/me/guilds/");
      expect(text).toContain(outcome);
      expect(text).toContain("Test Kitchen");
    }
  });

  it.each(["/invite-bot/", "/invite-oauth/"])("the sample app still adds visitors after %s", async (path) => {
    const { url, simulator, mira, noor } = await start();
    await simulator.browser(url).signIn(path, { user: mira, guildId: TEST_KITCHEN });
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const joined = await postFrom(browser, url, `/add_to/${TEST_KITCHEN}`);
    expect(joined).toMatchObject({ status: 303, location: "/me/guilds/" });
  });

  it("the sample app says that the bot lacks a permission, and keeps the visitor signed in", async () => {
    const { url, kitchen, simulator, noor } = await start();
    kitchen.botPermissions = 0n;
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const refused = await postFrom(browser, url, `/add_to/${TEST_KITCHEN}`);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("The bot may not do that");
    expect(refused.text).toContain("Sign out");
  });

  it("the sample app adds nobody to a server that only the visitor has chosen, even if the bot is in it", async () => {
    const { url, simulator, noor } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    for (const id of [BOARD_GAMES, "1", "x"])
      expect((await postFrom(browser, url, `/add_to/${id}`)).status).toBe(404);
    expect(simulator.requestsTo("PUT /guilds/:id/members/:user")).toEqual([]);
  });

  it("the sample app tells a banned visitor in plain words that they cannot join, and keeps them signed in", async () => {
    const { url, simulator, noor, kitchen } = await start();
    kitchen.bans.add(noor.id);
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const { status, text } = await postFrom(browser, url, `/add_to/${TEST_KITCHEN}`);
    expect(status).toBe(403);
    expect(text).toContain("You are banned from this server.");
    expect(headerOf(text)).toContain("<span>Noor</span>");
  });

  it("the sample app's secret is hidden from strangers, and again after the logout", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const ask = () => browser.get("/secret/", { headers: { Accept: "text/html" } });
    const refused = { status: 302, location: "/login/?returnTo=%2Fsecret%2F" };
    expect(await ask()).toMatchObject(refused);
    expect((await browser.signIn(refused.location, { user: mira })).location).toBe("/secret/");
    expect((await ask()).text).toMatch(/<code>[0-9a-f]{32}<\/code>/);
    expect(await postFrom(browser, url, "/logout/")).toMatchObject({ status: 303, location: "/" });
    expect(await ask()).toMatchObject(refused);
  });

  it("the sample app says kindly that the visitor pressed Cancel, and keeps them signed in", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const cancelled = async (path: string) => {
      const { location = "" } = await browser.get(path);
      return browser.get(await simulator.cancel(location, { user: mira }));
    };
    const stranger = await cancelled("/login/");
    expect(stranger.status).toBe(403);
    expect(stranger.text).toContain("You pressed Cancel");
    expect(headerOf(stranger.text)).toContain("Sign in");
    await browser.signIn("/login/", { user: mira });
    const member = await cancelled("/invite-bot/");
    expect(member.text).toContain("You pressed Cancel");
    expect(headerOf(member.text)).toContain("<span>Mira</span>");
  });

  it("the sample app refuses forms from other sites, and forms of unknown origin", async () => {
    const { url, simulator, noor } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const path = `/add_to/${TEST_KITCHEN}`;
    for (const headers of [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { Origin: url, "Sec-Fetch-Site": "cross-site" },
      { Origin: url, "Sec-Fetch-Site": "same-site" },
      undefined,
    ]) {
      const { status, text } = await browser.post(path, { form: {}, ...(headers && { headers }) });
      expect([status, text.includes("Nothing was changed")], JSON.stringify(headers)).toEqual([403, true]);
    }
    expect(simulator.requestsTo("PUT /guilds/:id/members/:user")).toEqual([]);
    const own = { Origin: "null", "Sec-Fetch-Site": "same-origin" };
    expect((await browser.post(path, { form: {}, headers: own })).status).toBe(303);
  });

  it("the sample app contains the dashboard, with the same sign-in", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/?returnTo=/dashboard", { user: mira });
    const { text } = await browser.get("/dashboard");
    expect(text).toContain("You manage 3 servers.");
    expect(text).toContain('<nav class="back" aria-label="Back"><a href="/">');
  });
});

describe("examples/factory.ts", () => {
  it("the factory makes as many apps as it is asked for, all with the same sign-in", async () => {
    const { url, app, simulator, mira } = await startForTest(
      ({ clientId, clientSecret, redirectUri, discordUrl }) => {
        const settings = {
          DISCORD_CLIENT_ID: clientId,
          DISCORD_CLIENT_SECRET: clientSecret,
          DISCORD_REDIRECT_URI: redirectUri,
          DISCORD_URL: discordUrl,
        };
        const other = createFromFactory(settings);
        expect(other.get("discord")).toBe(factoryDiscord);
        return createFromFactory(settings);
      },
      "/auth/callback",
    );
    expect(app.get("discord")).toBe(factoryDiscord);
    const browser = simulator.browser(url);
    expect((await browser.get("/")).status).toBe(200);
    const refused = await browser.get("/me", { headers: { Accept: "text/html" } });
    expect(refused.location).toBe("/auth/login?returnTo=%2Fme");
    expect((await browser.signIn("/auth/login?returnTo=/me", { user: mira })).location).toBe("/me");
    expect((await browser.get("/me")).text).toContain("You are Mira");
  });
});

describe("examples/dashboard.ts", () => {
  async function signedIn(who: "mira" | "tomas" | "noor" = "mira") {
    const started = await startForTest(createDashboard, "/auth/callback");
    const browser = started.simulator.browser(started.url);
    await browser.signIn("/auth/login", { user: started[who] });
    return { ...started, browser };
  }

  const pageOf = (guildId: string) => `/dashboard/guilds/${guildId}`;

  it("the dashboard welcomes a stranger, and its pages allow only style and Discord's pictures", async () => {
    const { url, simulator } = await startForTest(createDashboard, "/auth/callback");
    const { text, headers } = await simulator.browser(url).get("/");
    expect(text).toContain("Sign in with Discord");
    const policy = headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/img-src 'self' https:\/\/cdn\.discordapp\.com http:\/\/127\.0\.0\.1:\d+;/);
    expect(policy).not.toContain("script-src");
  });

  it("the dashboard leads a signed-in visitor from the start page to their servers", async () => {
    const { browser } = await signedIn();
    expect((await browser.get("/")).location).toBe("/dashboard");
    expect((await browser.get("/dashboard")).text).not.toContain('class="back"');
  });

  it("the dashboard lists the visitor's own servers separately from the others, with icon or acronym", async () => {
    const { simulator, mira, browser } = await signedIn();
    const hash = "0123456789abcdef0123456789abcdef";
    const pictured = simulator.addGuild({ name: "Pictured", icon: hash });
    simulator.addMember(pictured, mira, { owner: true });
    const { text } = await browser.get("/dashboard");
    const [managed = "", others = ""] = text.split("Servers you are in");
    expect(managed).toContain("Test Kitchen</span><small>Owner</small>");
    expect(managed).toContain("Board Games &amp; Coffee</span><small>Administrator</small>");
    expect(managed).toContain(`${SCRIPT}</span><small>Manager</small>`);
    expect(others).toContain("Trail Runners</span><small>Member</small>");
    expect(managed).toContain(`${simulator.url}/icons/${pictured.id}/${hash}.png`);
    expect(managed).toContain('aria-hidden="true">BG&amp;C</span>');
    expect(text).not.toContain("<script");
    expect(managed).toContain(HINT);
  });

  it("the dashboard links the servers that the bot is in, and offers to add it to the others", async () => {
    const { browser } = await signedIn();
    const { text } = await browser.get("/dashboard");
    expect(text).toContain("You manage 3 servers. The bot is in 2 of them.");
    const cards = [...text.matchAll(/<li>?(?: class="card")?[\s\S]*?<\/li>/g)].map(([card]) => card);
    const [kitchen, , society, trail] = cards;
    expect(kitchen).toMatch(new RegExp(`<a class="card" href="${pageOf(TEST_KITCHEN)}">.*>Manage</span>`));
    expect(society).toMatch(new RegExp(`<a [^>]*href="${pageOf(SCRIPT_SOCIETY)}/invite">Add the bot<`));
    expect(society).not.toContain('<a class="card"');
    expect(trail).not.toContain("<a ");
  });

  it("the dashboard says that somebody manages one server, not one servers", async () => {
    const { browser } = await signedIn("tomas");
    expect((await browser.get("/dashboard")).text).toContain("You manage 1 server. The bot is in it.");
  });

  it("the dashboard says how somebody who manages no server can get one", async () => {
    const { browser } = await signedIn("noor");
    expect((await browser.get("/dashboard")).text).toContain("You do not manage any servers yet.");
  });

  it("the dashboard shows nickname, roles and their colours on the page of a managed server", async () => {
    const { browser } = await signedIn();
    const { status, text } = await browser.get(pageOf(TEST_KITCHEN));
    expect(status).toBe(200);
    for (const part of ["Chef Mira", "Taster &amp; critic", "Owner", "Dishwasher"])
      expect(text).toContain(part);
    expect(text).toMatch(/fill="#e67e22"\/><\/svg>Head chef/);
    expect(text).toMatch(/<li class="badge">Dishwasher/);
  });

  it("the dashboard asks visitors only for their name and their servers", async () => {
    const { url, simulator } = await startForTest(createDashboard, "/auth/callback");
    const { location = "" } = await simulator.browser(url).get("/auth/login");
    expect(new URL(location).searchParams.get("scope")).toBe("identify guilds");
  });

  it("the dashboard invites a missing bot, comes back to the server's page and says what happened", async () => {
    const { mira, browser } = await signedIn();
    const path = pageOf(SCRIPT_SOCIETY);
    const before = (await browser.get(path)).text;
    expect(before).toContain("The bot is not here yet");
    const callback = await browser.signIn(hrefOf(before, "Add the bot"), {
      user: mira,
      guildId: SCRIPT_SOCIETY,
    });
    expect(callback.location).toBe(path);
    const { text } = await browser.get(path);
    expect(text).toContain(`role="status">The bot is now in ${SCRIPT}.`);
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(text).toContain("&quot;&gt;&lt;b&gt;Scribe");
    expect(text.split(HINT).length - 1, "in the notice, for the server, the nickname and the role").toBe(4);
  });

  it("the dashboard asks for no server again when it asks for a further scope after an invite", async () => {
    const { mira, browser } = await signedIn();
    await browser.signIn(`${pageOf(SCRIPT_SOCIETY)}/invite`, { user: mira, guildId: SCRIPT_SOCIETY });
    const { location = "" } = await browser.get("/dashboard/grant?scopes=role_connections.write");
    const scopes = new URL(location).searchParams.get("scope")?.split(" ");
    expect(scopes?.sort()).toEqual(["guilds", "identify", "role_connections.write"]);
  });

  it("the dashboard stores the greeting of a server for all its managers, and the bot can post it", async () => {
    const { url, simulator, tomas, kitchen, browser } = await signedIn();
    const path = pageOf(TEST_KITCHEN);
    expect((await browser.get(path)).text).not.toContain("Post it now");
    const form = { channelId: "1400000000000000002", text: "  <b>Hello</b> @everyone  " };
    const saved = await postFrom(browser, url, `${path}/greeting`, form);
    expect(saved).toMatchObject({ status: 303, location: path });
    expect((await browser.get(path)).text).toContain('role="status">Your greeting is saved.');

    simulator.addMember(kitchen, tomas, { permissions: 1n << 5n });
    const other = simulator.browser(url);
    await other.signIn("/auth/login", { user: tomas });
    const { text } = await other.get(path);
    expect(text).toContain('value="1400000000000000002" selected');
    expect(text).toContain("&lt;b&gt;Hello&lt;/b&gt; @everyone</textarea>");

    expect((await postFrom(browser, url, `${path}/greeting/send`)).location).toBe(path);
    expect(simulator.messages).toMatchObject([
      {
        channelId: "1400000000000000002",
        content: "<b>Hello</b> @everyone",
        body: { allowed_mentions: { parse: [] } },
      },
    ]);
  });

  it.each([
    ["without a text", { channelId: "1400000000000000001", text: "  " }, "Write a greeting."],
    ["that is too long", { channelId: "1400000000000000001", text: "x".repeat(301) }, "Write 300 characters"],
    ["for another server's channel", { channelId: "1400000000000000003", text: "Hello" }, "Choose one of"],
    ["without a channel", { text: "Hello" }, "Choose one of"],
  ])(
    "the dashboard saves no greeting %s, says why, and keeps what was written",
    async (_what, form, problem) => {
      const { url, browser } = await signedIn();
      const path = pageOf(TEST_KITCHEN);
      const { status, text } = await postFrom(browser, url, `${path}/greeting`, form);
      expect(status).toBe(400);
      expect(text).toContain(`role="alert">${problem}`);
      expect(text).toContain(`${form.text.trim()}</textarea>`);
      expect((await postFrom(browser, url, `${path}/greeting/send`)).status).toBe(404);
      expect((await browser.get(path)).text).toContain("</textarea>");
    },
  );

  it("the dashboard refuses changes of the greeting by plain members", async () => {
    const { url, simulator, browser } = await signedIn("tomas");
    const form = { channelId: "1400000000000000003", text: "Hello" };
    for (const path of [`${pageOf(BOARD_GAMES)}/greeting`, `${pageOf(BOARD_GAMES)}/greeting/send`]) {
      expect((await postFrom(browser, url, path, form)).status).toBe(403);
    }
    expect(simulator.messages).toEqual([]);
  });

  it("the dashboard refuses changes of the greeting by other sites", async () => {
    const { browser } = await signedIn();
    const { status, text } = await browser.post(`${pageOf(TEST_KITCHEN)}/greeting`, {
      form: { channelId: "1400000000000000001", text: "Buy my coin" },
      headers: { Origin: "https://evil.example" },
    });
    expect([status, text.includes("Nothing was changed")]).toEqual([403, true]);
    expect((await browser.get(pageOf(TEST_KITCHEN))).text).not.toContain("Buy my coin");
  });

  it.each([
    ["a server that somebody else manages", TRAIL_RUNNERS],
    ["a server that the visitor is not in", "1200000000000000999"],
    ["something that is not a server's id", "%3Cscript%3E"],
  ])(
    "the dashboard refuses the page of %s, says so in plain words, and keeps the visitor signed in",
    async (_what, guildId) => {
      const { browser } = await signedIn();
      const { status, text } = await browser.get(pageOf(guildId));
      expect(status).toBe(403);
      expect(text).toContain("You cannot open this page");
      expect(headerOf(text)).toContain("<span>Mira</span>");
      expect(text).toContain('<nav class="back" aria-label="Back"><a href="/">');
    },
  );

  it("the dashboard sends strangers to the login, and back to the page they wanted", async () => {
    const { url, simulator, mira } = await startForTest(createDashboard, "/auth/callback");
    const browser = simulator.browser(url);
    const path = pageOf(TEST_KITCHEN);
    const refused = await browser.get(path, { headers: { Accept: "text/html" } });
    const callback = await browser.signIn(refused.location ?? "", { user: mira });
    expect(callback.location).toBe(path);
  });

  it("the dashboard asks for the scope of linked roles, links, updates and removes", async () => {
    const { url, simulator, mira, browser } = await signedIn();
    const path = "/dashboard/linked-role";
    const refused = await browser.get(path);
    expect(refused.status).toBe(403);
    expect(refused.text).toContain("This page wants to tell Discord how many servers you manage");
    const grant = hrefOf(refused.text, "Allow it at Discord");
    const { location = "" } = await browser.get(grant);
    const { searchParams } = new URL(location);
    expect(searchParams.has("code_challenge")).toBe(false);
    expect(searchParams.get("scope")?.split(" ")).toContain("guilds");

    expect((await browser.signIn(grant, { user: mira })).location).toBe(path);
    expect((await browser.get(path)).text).toContain("does not know yet");
    expect((await postFrom(browser, url, path)).location).toBe(path);
    expect((await browser.get(path)).text).toContain("manage <strong>3 servers</strong>");
    expect(simulator.requestsTo("PUT /applications/:id/role-connections/metadata")).toHaveLength(1);
    await postFrom(browser, url, `${path}/remove`);
    expect((await browser.get(path)).text).toContain("does not know yet");
  });

  it("the dashboard grants only the scopes that the app needs, and returns only to the app", async () => {
    const { browser } = await signedIn();
    const { location = "" } = await browser.get("/dashboard/grant?scopes=gdm.join+guilds");
    expect(new URL(location).searchParams.get("scope")).not.toContain("gdm.join");
    expect((await browser.get("/dashboard/grant?scopes=guilds&returnTo=//evil.example")).status).toBe(400);
  });

  it.each(["?scopes=gdm.join", "?scopes=", ""])(
    "the dashboard grants nothing for /grant%s: no such page",
    async (query) => {
      const { browser } = await signedIn();
      expect((await browser.get(`/dashboard/grant${query}`)).status).toBe(404);
    },
  );

  it("the dashboard's button signs out, and another site's cannot", async () => {
    const { url, browser } = await signedIn();
    const foreign = await browser.post("/auth/logout", {
      form: {},
      headers: { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
    });
    expect(foreign.status).toBe(403);
    expect((await browser.get("/dashboard")).text).toContain("You manage 3 servers.");
    expect(await postFrom(browser, url, "/auth/logout")).toMatchObject({ status: 303, location: "/" });
    expect((await browser.get("/")).text).toContain("Sign in with Discord");
  });

  it("the dashboard shows a plain page while Discord is down, keeps the visitor signed in, and recovers", async () => {
    const { simulator, browser } = await signedIn();
    await browser.get("/");
    const mend = simulator.fail({ kind: "html", route: "/users/@me/guilds", times: 9 });
    const down = await browser.get("/dashboard");
    expect(down.status).toBe(502);
    expect(down.text).toContain("Discord is not answering");
    expect(headerOf(down.text)).toContain("<span>Mira</span>");
    expect(hrefOf(down.text, "Try again")).toBe("/dashboard");
    mend();
    expect((await browser.get("/dashboard")).text).toContain("Test Kitchen");
  });

  it.each([
    ["/dashboard", "/dashboard"],
    ["//evil.example", "/"],
    ["/\\evil.example", "/"],
  ])("the error page of a form links back to this site alone, when it came from %s", async (from, link) => {
    const { url, simulator, browser } = await signedIn();
    simulator.fail({ kind: "html", route: "/users/@me/guilds", times: 9 });
    const { text } = await browser.post(`/dashboard/guilds/${TEST_KITCHEN}/greeting`, {
      form: {},
      headers: { Origin: url, Referer: url + from },
    });
    expect(hrefOf(text, "Try again")).toBe(link);
  });

  it("the dashboard says how long to wait at a rate limit", async () => {
    const { simulator, browser } = await signedIn();
    simulator.fail({ kind: "rate-limited", route: "/users/@me/guilds", retryAfter: 30 });
    const limited = await browser.get("/dashboard");
    expect(limited.status).toBe(503);
    expect(limited.headers.get("retry-after")).toBe("30");
    expect(limited.text).toContain("Try again in 30 seconds.");
  });

  it("the dashboard has a page for unknown addresses", async () => {
    const { browser } = await signedIn();
    const { status, text } = await browser.get("/nowhere");
    expect([status, text.includes("There is no such page")]).toEqual([404, true]);
  });

  it("the dashboard says what to set if there is no bot", async () => {
    const error = vi.spyOn(console, "error").mockReturnValue();
    onTestFinished(() => error.mockRestore());
    const { url, simulator, mira } = await startForTest(
      (options) => createDashboard({ ...options, botToken: "" }),
      "/auth/callback",
    );
    const browser = simulator.browser(url);
    await browser.signIn("/auth/login", { user: mira });
    const { status, text } = await browser.get("/dashboard");
    expect(status).toBe(500);
    expect(text).toContain("set DISCORD_BOT_TOKEN");
  });
});

describe("examples/activity.ts", () => {
  it("the Activity's page can be framed only by Discord, and has Discord's SDK in its script", async () => {
    const { url, simulator } = await startForTest(createActivity, "/api/callback");
    const page = await fetch(url);
    expect(await page.text()).toContain(`data-client-id="${simulator.options.clientId}"`);
    const policy = page.headers.get("content-security-policy");
    expect(policy).toContain(`frame-ancestors https://discord.com https://*.discord.com ${simulator.url}`);
    expect(policy).toContain("script-src 'self'");
    const script = await fetch(`${url}/activity.js`);
    expect(script.headers.get("content-type")).toContain("text/javascript");
    expect(await script.text()).toContain("frame_id query param is not defined");
  });

  it("the Activity signs in with the code that the SDK gets, and names the visitor", async () => {
    const { url, simulator, mira } = await startForTest(createActivity, "/api/callback");
    const origin = `https://${simulator.options.clientId}.discordsays.com`;
    const browser = simulator.browser(origin, { via: url });
    const json = { code: simulator.authorizeInActivity(mira) };
    expect((await browser.get("/api/me")).status).toBe(401);
    expect((await browser.post("/api/token", { json, headers: { Origin: origin } })).status).toBe(200);
    expect((await browser.get("/api/me")).json()).toEqual({ name: "Mira" });
  });
});
