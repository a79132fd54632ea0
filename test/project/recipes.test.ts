import type { ErrorRequestHandler } from "express";
import { expect, it } from "vitest";
import type { Browser } from "../../src/testing/index.js";
import { advanceBoth } from "../support/clock.js";
import { type RunningSample, runSample, type SampleOptions } from "../support/run-guide.js";

const PAGE_VISIT = { headers: { "Sec-Fetch-Mode": "navigate" } };

const recipe = (heading: string, options?: SampleOptions) => runSample("docs/recipes.md", heading, options);

async function signedIn({ simulator, browser }: RunningSample, user = simulator.addUser()): Promise<Browser> {
  const visitor = browser();
  await visitor.signIn("/auth/login", { user });
  return visitor;
}

/** Signs in as a visitor who asks for `guilds` instead, by editing the address of Discord's page. */
async function signInWithoutIdentify({ simulator }: RunningSample, visitor: Browser) {
  const authorize = new URL((await visitor.get("/auth/login")).location ?? "");
  authorize.searchParams.set("scope", "guilds");
  return visitor.get(await simulator.approve(authorize.href, { user: simulator.addUser() }));
}

it("the recipe for the servers that the bot is in links to a server with the bot, and to an invite of the bot for one without", async () => {
  const sample = await recipe("List the servers that the bot is in");
  const { simulator } = sample;
  const user = simulator.addUser();
  const withBot = simulator.addGuild({ name: "With" });
  const without = simulator.addGuild({ name: "Without", bot: false });
  const foreign = simulator.addGuild({ name: "Foreign" });
  for (const guild of [withBot, without]) simulator.addMember(guild, user, { owner: true });
  simulator.addMember(foreign, user);

  const visitor = await signedIn(sample, user);
  const servers = (await visitor.get("/servers")).json<{ name: string; link: string }[]>();
  expect(servers.map(({ name, link }) => [name, link])).toEqual([
    ["With", `/servers/${withBot.id}`],
    ["Without", `/servers/${without.id}/invite`],
  ]);
  const invite = new URL((await visitor.get(`/servers/${without.id}/invite`)).location ?? "");
  expect(Object.fromEntries(invite.searchParams)).toMatchObject({
    guild_id: without.id,
    disable_guild_select: "true",
    permissions: "2048",
  });
  expect((await visitor.get("/servers/x/invite")).status).toBe(404);
});

it("the recipe for the servers that the bot is in opens the page of a server only to those who manage it", async () => {
  const sample = await recipe("List the servers that the bot is in", {
    routes: (app) => app.use(answerStatus),
  });
  const { simulator } = sample;
  const user = simulator.addUser();
  const [own, other] = [simulator.addGuild(), simulator.addGuild()];
  simulator.addMember(own, user, { owner: true });
  simulator.addMember(other, user);
  const visitor = await signedIn(sample, user);
  expect((await visitor.get(`/servers/${own.id}`)).text).toBe(`The settings of ${own.id}.`);
  expect((await visitor.get(`/servers/${other.id}`)).status).toBe(403);
});

it("the recipe for the servers that the bot is in sends a stranger to the login before the invite", async () => {
  const { simulator, browser } = await recipe("List the servers that the bot is in");
  const path = `/servers/${simulator.addGuild({ bot: false }).id}/invite`;
  const answer = await browser().get(path, PAGE_VISIT);
  expect(answer.location).toBe(`/auth/login?returnTo=${encodeURIComponent(path)}`);
});

it("the recipe for the servers that the bot is in keeps the visitor signed in after the invite", async () => {
  const sample = await recipe("List the servers that the bot is in");
  const { simulator } = sample;
  const user = simulator.addUser();
  const guild = simulator.addGuild({ bot: false });
  simulator.addMember(guild, user, { owner: true });
  const visitor = await signedIn(sample, user);
  const { location = "" } = await visitor.get(`/servers/${guild.id}/invite`);
  const back = await visitor.get(await simulator.approve(location, { user, guildId: guild.id }));
  expect(back.location).toBe("/servers");
  expect((await visitor.get("/servers")).json()).toHaveLength(1);
});

it.each([
  ["lets an admin in", "80351110224678912", 200],
  ["refuses everybody else", "80351110224678913", 403],
])("the recipe for admins %s", async (_what, id, status) => {
  const sample = await recipe("Admins", {
    environment: { ADMIN_IDS: "41771983423143937,80351110224678912" },
    routes: (app) => app.use(answerStatus),
  });
  const visitor = await signedIn(sample, sample.simulator.addUser({ id }));
  expect((await visitor.get("/admin")).status).toBe(status);
});

it("the recipe for admins accepts spaces in the list", async () => {
  const sample = await recipe("Admins", {
    environment: { ADMIN_IDS: "41771983423143937, 80351110224678912" },
  });
  const visitor = await signedIn(sample, sample.simulator.addUser({ id: "80351110224678912" }));
  expect((await visitor.get("/admin")).status).toBe(200);
});

it("the recipe for admins sends somebody who is signed out to the login", async () => {
  const { browser } = await recipe("Admins", { environment: { ADMIN_IDS: "1" } });
  const answer = await browser().get("/admin", PAGE_VISIT);
  expect([answer.status, answer.location]).toEqual([302, "/auth/login?returnTo=%2Fadmin"]);
});

it("the recipe for admins refuses a visitor without identify, even if the list ends in a comma", async () => {
  const sample = await recipe("Admins", {
    environment: { ADMIN_IDS: "80351110224678912," },
    routes: (app) => app.use(answerStatus),
  });
  const visitor = sample.browser();
  await signInWithoutIdentify(sample, visitor);
  expect((await visitor.get("/admin")).status).toBe(403);
});

it("the recipe for allow-lists refuses a visitor without identify, even if the list is empty", async () => {
  const sample = await recipe("Allow-lists", { environment: { INVITED_IDS: "" } });
  const visitor = sample.browser();
  expect((await signInWithoutIdentify(sample, visitor)).status).toBe(403);
  expect((await visitor.get("/")).text).toBe('<a href="/auth/login">Sign in</a>');
});

it.each([
  ["signs an invited visitor in", "80351110224678912", "Come in."],
  ["signs nobody else in", "80351110224678913", '<a href="/auth/login">Sign in</a>'],
])("the recipe for allow-lists %s", async (_what, id, page) => {
  const sample = await recipe("Allow-lists", { environment: { INVITED_IDS: "80351110224678912" } });
  const visitor = await signedIn(sample, sample.simulator.addUser({ id }));
  expect((await visitor.get("/")).text).toBe(page);
});

it.each([
  ["a month for those who ask for it", "/auth/login?remember=on", 30],
  ["until the browser closes for everybody else", "/auth/login", false],
])("the recipe for remembering visitors keeps the session cookie %s", async (_what, login, days) => {
  const { simulator, browser } = await recipe("Remember me");
  const visitor = browser();
  await visitor.signIn(login, { user: simulator.addUser() });
  const expiresAt = visitor.cookies.list().find(({ name }) => name === "connect.sid")?.expiresAt;
  expect(expiresAt !== undefined && Math.round((expiresAt - Date.now()) / 86_400_000)).toBe(days);
});

it("the recipe for an API and pages in one app answers pages with a redirect and the API with JSON", async () => {
  const { simulator, browser } = await recipe("API and pages in one app");
  const visitor = browser();
  expect((await visitor.get("/profile", PAGE_VISIT)).location).toBe("/auth/login?returnTo=%2Fprofile");
  const fetched = await visitor.get("/api/me", { headers: { "Sec-Fetch-Mode": "cors" } });
  expect([fetched.status, fetched.json<{ login: string }>().login]).toEqual([401, "/auth/login"]);

  const mira = simulator.addUser({ global_name: "Mira" });
  await visitor.signIn("/auth/login", { user: mira });
  expect((await visitor.get("/api/me")).json()).toEqual({ id: mira.id, displayName: "Mira" });
});

it("the recipe for an API and pages in one app answers a failure of Discord with its status and code", async () => {
  const sample = await recipe("API and pages in one app");
  const visitor = await signedIn(sample);
  advanceBoth(sample.simulator, 8 * 86_400_000); // the access token has expired
  sample.simulator.fail({ kind: "html", times: Number.POSITIVE_INFINITY });
  const { status, text } = await visitor.get("/api/me");
  expect([status, JSON.parse(text)]).toEqual([
    502,
    { error: "discord_unavailable", message: "Something went wrong." },
  ]);
});

it.each([
  ["stores what its own page sends", { "Sec-Fetch-Site": "same-origin" }, 303],
  ["refuses what another subdomain sends", { "Sec-Fetch-Site": "same-site" }, 403],
  ["refuses what another site sends", { "Sec-Fetch-Site": "cross-site" }, 403],
  ["refuses another origin of an older browser", { Origin: "https://evil.example" }, 403],
  ["refuses what says nothing of where it comes from", {}, 403],
])("the recipe for forms %s", async (_what, headers, status) => {
  const visitor = await signedIn(await recipe("Forms and CSRF"));
  const answer = await visitor.post("/colour", { form: { colour: "#123456" }, headers });
  expect(answer.status).toBe(status);
  expect((await visitor.get("/colour")).text.includes("#123456")).toBe(status === 303);
});

it("the recipe for forms stores only colours", async () => {
  const visitor = await signedIn(await recipe("Forms and CSRF"));
  const form = { colour: '"><script>' };
  await visitor.post("/colour", { form, headers: { "Sec-Fetch-Site": "same-origin" } });
  expect((await visitor.get("/colour")).text).toContain('value="#5865f2"');
});

/** Replaces Express's own handler, which prints the stack. */
const answerStatus: ErrorRequestHandler = (error, _req, res, _next) => {
  res.sendStatus(error.status);
};

it("the recipe for forms gives no colour to visitors without identify", async () => {
  const sample = await recipe("Forms and CSRF", { routes: (app) => app.use(answerStatus) });
  const visitor = sample.browser();
  await signInWithoutIdentify(sample, visitor);
  expect((await visitor.get("/colour")).status).toBe(403);
});
