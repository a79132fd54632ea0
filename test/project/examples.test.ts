import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createApp as createActivity } from "../../examples/activity.js";
import { createApp as createBasic } from "../../examples/basic.js";
import { createApp as createDashboard } from "../../examples/dashboard.js";
import { createApp as createFromFactory, discord as factoryDiscord } from "../../examples/factory.js";
import { html } from "../../examples/shared/html.js";
import { SCRIPT_SOCIETY, TEST_KITCHEN, TRAIL_RUNNERS } from "../../examples/shared/sample-discord.js";
import type { Browser } from "../../src/testing/index.js";
import { startForTest } from "../support/examples.js";

const SCRIPT = "&lt;script&gt;alert(1)&lt;/script&gt;";

/** The target of a link, as a browser reads it. */
function hrefOf(text: string, label: string): string {
  const [, href = ""] = new RegExp(`href="([^"]*)">${label}<`).exec(text) ?? [];
  return href.replaceAll("&amp;", "&");
}

function postFrom(browser: Browser, url: string, path: string) {
  return browser.post(path, { form: {}, headers: { Origin: url } });
}

describe("html", () => {
  it("escapes text and attributes, keeps what is HTML already, joins lists and leaves out what is not there", () => {
    const items = ["<a>", "'&\""].map((text) => html`<li title="${text}">${text}</li>`);
    const nothing = [false, null, undefined] as const;
    expect(html`<ul>${items}${nothing}${0}</ul>`.toString()).toBe(
      '<ul><li title="&lt;a&gt;">&lt;a&gt;</li><li title="&#39;&amp;&quot;">&#39;&amp;&quot;</li>0</ul>',
    );
  });
});

describe("examples/basic.ts", () => {
  const start = () => startForTest(createBasic, "/callback");

  it("offers four ways to sign in, and the pages behind them afterwards", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const before = (await browser.get("/")).text;
    for (const path of ["/login/", "/login-data/", "/invite-bot/", "/invite-oauth/"]) {
      expect(before).toContain(`href="${path}"`);
    }
    await browser.signIn("/login/", { user: mira });
    const after = (await browser.get("/")).text;
    for (const path of ["/me/", "/me/guilds/", "/me/connections/", "/secret/"]) {
      expect(after).toContain(`href="${path}"`);
    }
    expect(after).toContain(`action="/add_to/${TEST_KITCHEN}"`);
  });

  it("greets whoever signs in with a message of the bot, once for a callback that comes twice", async () => {
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

  it("signs somebody in who takes no messages", async () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    onTestFinished(() => warn.mockRestore());
    const { url, simulator, tomas } = await start();
    tomas.directMessagesClosed = true;
    const browser = simulator.browser(url);
    expect((await browser.signIn("/login/", { user: tomas })).location).toBe("/");
    expect((await browser.get("/me/")).text).toContain("Tomás");
    expect(warn.mock.calls).toEqual([[expect.stringContaining("Cannot send messages to this user")]]);
  });

  it("brings strings, numbers, zero and false back from a login", async () => {
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

  it("invites the bot as an administrator, into one server that cannot be changed", async () => {
    const { url, simulator } = await start();
    const { location = "" } = await simulator.browser(url).get("/invite-bot/");
    const query = Object.fromEntries(new URL(location).searchParams);
    expect(query).toMatchObject({
      scope: "bot",
      permissions: "8",
      guild_id: TEST_KITCHEN,
      disable_guild_select: "true",
    });
  });

  it("invites the bot and signs in at once", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/invite-oauth/", { user: mira, guildId: SCRIPT_SOCIETY });
    expect(simulator.requestsTo("POST /oauth2/token")[0]?.status).toBe(200);
    expect((await browser.get("/me/")).text).toContain("mira.k");
  });

  it("marks the servers that one administers, and takes no name for HTML", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: mira });
    const { text } = await browser.get("/me/guilds/");
    const marked = [...text.matchAll(/<li>\s*(.*?)\s*<span class="badge">Admin/g)].map(([, name]) => name);
    expect(marked).toEqual(["Test Kitchen", "Board Games &amp; Coffee"]);
    expect(text).toContain(SCRIPT);
    expect(text).not.toContain("<script>");
  });

  it("lists the connections", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: mira });
    const { text } = await browser.get("/me/connections/");
    expect(text).toMatch(/mira-k .*at github.*Verified/);
    expect(text).toContain("mira &lt;3");
  });

  it("adds the visitor to a server, and says so when they were a member already", async () => {
    const { url, simulator, noor } = await start();
    const browser = simulator.browser(url);
    await browser.signIn("/login/", { user: noor });
    const path = `/add_to/${TEST_KITCHEN}`;
    expect((await postFrom(browser, url, path)).text).toContain("You are a member now");
    expect((await postFrom(browser, url, path)).text).toContain("You were a member already");
    expect((await browser.get("/me/guilds/")).text).toContain("Test Kitchen");
  });

  it("keeps its secret from strangers, and again after the logout", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const refused = { status: 302, location: "/login/" };
    expect(await browser.get("/secret/")).toMatchObject(refused);
    await browser.signIn("/login/", { user: mira });
    expect((await browser.get("/secret/")).text).toMatch(/<code>[0-9a-f]{32}<\/code>/);
    expect(await postFrom(browser, url, "/logout/")).toMatchObject({ status: 303, location: "/" });
    expect(await browser.get("/secret/")).toMatchObject(refused);
  });

  it("says kindly that somebody pressed Cancel", async () => {
    const { url, simulator, mira } = await start();
    const browser = simulator.browser(url);
    const { location = "" } = await browser.get("/login/");
    const answer = await browser.get(await simulator.cancel(location, { user: mira }));
    expect(answer.status).toBe(403);
    expect(answer.text).toContain("You pressed Cancel");
  });
});

describe("examples/factory.ts", () => {
  it("makes as many apps as it is asked for, all with the same sign-in", async () => {
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
    const dashboard = await startForTest(createDashboard, "/auth/callback");
    const browser = dashboard.simulator.browser(dashboard.url);
    await browser.signIn("/auth/login", { user: dashboard[who] });
    return { ...dashboard, browser };
  }

  it("welcomes a stranger, and allows its pages nothing but style and Discord's pictures", async () => {
    const { url, simulator } = await startForTest(createDashboard, "/auth/callback");
    const { text, headers } = await simulator.browser(url).get("/");
    expect(text).toContain("Sign in with Discord");
    const policy = headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toMatch(/img-src 'self' https:\/\/cdn\.discordapp\.com http:\/\/127\.0\.0\.1:\d+;/);
    expect(policy).not.toContain("script-src");
  });

  it("lists the servers one manages apart from the others, with icon or initials", async () => {
    const { simulator, mira, browser } = await signedIn();
    const hash = "0123456789abcdef0123456789abcdef";
    const pictured = simulator.addGuild({ name: "Pictured", icon: hash });
    simulator.addMember(pictured, mira, { owner: true });
    const { text } = await browser.get("/");
    const [managed = "", others = ""] = text.split("Servers you are in");
    expect(managed).toContain("Test Kitchen</span><small>Owner</small>");
    expect(managed).toContain("Board Games &amp; Coffee</span><small>Administrator</small>");
    expect(managed).toContain(`${SCRIPT}</span><small>Manager</small>`);
    expect(others).toContain("Trail Runners</span><small>Member</small>");
    expect(managed).toContain(`${simulator.url}/icons/${pictured.id}/${hash}.png`);
    expect(managed).toContain('aria-hidden="true">BG&amp;</span>');
    expect(text).not.toContain("<script");
  });

  it("shows nick and roles on the page of a server that one manages", async () => {
    const { browser } = await signedIn();
    const { status, text } = await browser.get(`/guilds/${TEST_KITCHEN}`);
    expect(status).toBe(200);
    for (const part of ["Chef Mira", "Head chef", "Taster &amp; critic", "Owner"]) {
      expect(text).toContain(part);
    }
  });

  it("offers to invite the bot where it is missing, and comes back to the server's page", async () => {
    const { simulator, mira, browser } = await signedIn();
    const path = `/guilds/${SCRIPT_SOCIETY}`;
    const before = (await browser.get(path)).text;
    expect(before).toContain("&lt;img src=x onerror=alert(1)&gt;");
    expect(before).toContain("1300000000000000004");
    const invite = hrefOf(before, "Add the bot to this server");
    const callback = await browser.signIn(invite, { user: mira, guildId: SCRIPT_SOCIETY });
    expect(callback.location).toBe(path);
    expect((await browser.get(path)).text).toContain("&quot;&gt;&lt;b&gt;Scribe");
    expect(simulator.requestsTo("POST /oauth2/token")).toHaveLength(2);
  });

  it("asks for no server again when it asks for a further scope after an invitation", async () => {
    const { mira, browser } = await signedIn();
    await browser.signIn(`/guilds/${SCRIPT_SOCIETY}/invite`, { user: mira, guildId: SCRIPT_SOCIETY });
    const { location = "" } = await browser.get("/grant?scopes=role_connections.write");
    const scopes = new URL(location).searchParams.get("scope")?.split(" ");
    expect(scopes?.sort()).toEqual(["guilds", "guilds.members.read", "identify", "role_connections.write"]);
  });

  it.each([
    ["a server that one is only in", TRAIL_RUNNERS],
    ["a server that one is not in", "1200000000000000999"],
    ["what is no server's id", "%3Cscript%3E"],
  ])("refuses the page of %s", async (_what, guildId) => {
    const { browser } = await signedIn();
    const { status, text } = await browser.get(`/guilds/${guildId}`);
    expect(status).toBe(403);
    expect(text).toContain("This page is not for you");
  });

  it("sends strangers to the login, and back to the page they wanted", async () => {
    const { url, simulator, mira } = await startForTest(createDashboard, "/auth/callback");
    const browser = simulator.browser(url);
    const path = `/guilds/${TEST_KITCHEN}`;
    const refused = await browser.get(path, { headers: { Accept: "text/html" } });
    const callback = await browser.signIn(refused.location ?? "", { user: mira });
    expect(callback.location).toBe(path);
  });

  it("offers to grant the scope of linked roles, links, updates and removes", async () => {
    const { url, simulator, mira, browser } = await signedIn();
    const refused = await browser.get("/linked-role");
    expect(refused.status).toBe(403);
    const grant = hrefOf(refused.text, "Allow it at Discord");
    const { location = "" } = await browser.get(grant);
    const { searchParams } = new URL(location);
    expect(searchParams.has("code_challenge")).toBe(false);
    expect(searchParams.get("scope")?.split(" ")).toContain("guilds.members.read");

    expect((await browser.signIn(grant, { user: mira })).location).toBe("/linked-role");
    expect((await browser.get("/linked-role")).text).toContain("does not know yet");
    expect((await postFrom(browser, url, "/linked-role")).location).toBe("/linked-role");
    expect((await browser.get("/linked-role")).text).toContain("manage <strong>3</strong> servers");
    expect(simulator.requestsTo("PUT /applications/:id/role-connections/metadata")).toHaveLength(1);
    await postFrom(browser, url, "/linked-role/remove");
    expect((await browser.get("/linked-role")).text).toContain("does not know yet");
  });

  it("grants nothing else than what the app needs, and returns nowhere else", async () => {
    const { browser } = await signedIn();
    const { location = "" } = await browser.get("/grant?scopes=gdm.join+guilds");
    expect(new URL(location).searchParams.get("scope")).not.toContain("gdm.join");
    expect((await browser.get("/grant?scopes=guilds&returnTo=//evil.example")).status).toBe(400);
  });

  it("signs out by its button, and not from another site", async () => {
    const { url, browser } = await signedIn();
    const foreign = await browser.post("/auth/logout", {
      form: {},
      headers: { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" },
    });
    expect(foreign.status).toBe(403);
    expect((await browser.get("/")).text).toContain("Hello, Mira");
    expect(await postFrom(browser, url, "/auth/logout")).toMatchObject({ status: 303, location: "/" });
    expect((await browser.get("/")).text).toContain("Sign in with Discord");
  });

  it("shows a plain page when Discord is down, and is well again afterwards", async () => {
    const { simulator, browser } = await signedIn();
    const mend = simulator.fail({ kind: "html", route: "/users/@me/guilds", times: 9 });
    const down = await browser.get("/");
    expect(down.status).toBe(502);
    expect(down.text).toContain("Discord does not answer");
    mend();
    expect((await browser.get("/")).text).toContain("Test Kitchen");
  });

  it("says how long to wait at a rate limit", async () => {
    const { simulator, browser } = await signedIn();
    simulator.fail({ kind: "rate-limited", route: "/users/@me/guilds", retryAfter: 30 });
    const limited = await browser.get("/");
    expect(limited.status).toBe(503);
    expect(limited.headers.get("retry-after")).toBe("30");
    expect(limited.text).toContain("Try again in 30 seconds");
  });

  it("has a page for what is not there", async () => {
    const { browser } = await signedIn();
    const { status, text } = await browser.get("/nowhere");
    expect([status, text.includes("There is no such page")]).toEqual([404, true]);
  });
});

describe("examples/activity.ts", () => {
  it("serves a page that Discord alone may show in a frame, with Discord's SDK in its script", async () => {
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

  it("signs in with the code that the SDK gets, and says who it is", async () => {
    const { url, simulator, mira } = await startForTest(createActivity, "/api/callback");
    const origin = `https://${simulator.options.clientId}.discordsays.com`;
    const browser = simulator.browser(origin, { via: url });
    const json = { code: simulator.authorizeInActivity(mira) };
    expect((await browser.get("/api/me")).status).toBe(401);
    expect((await browser.post("/api/token", { json, headers: { Origin: origin } })).status).toBe(200);
    expect((await browser.get("/api/me")).json()).toEqual({ name: "Mira" });
  });
});
