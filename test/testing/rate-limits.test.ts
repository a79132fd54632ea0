import { describe, expect, it } from "vitest";
import type { DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { authorizeUrl, callApi, refresh } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const GUILDS = { route: "/users/@me/guilds", limit: 2, windowMs: 10_000 };

function getGuilds(discord: DiscordSimulator, user: SimulatedUser, base = "/api/v10") {
  const { access_token: bearer } = discord.issueToken(user, ["guilds", "guilds.members.read", "identify"]);
  return callApi(discord, "GET /users/@me/guilds", { bearer, base });
}

function limitHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => /^x-ratelimit|^retry-after/.test(name)));
}

describe("limits of a route", () => {
  it("the rate limit headers appear only if the test has set a limit", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    expect(limitHeaders((await getGuilds(discord, user)).headers)).toEqual({});
    discord.clock.freeze();
    discord.limit(GUILDS);
    const headers = limitHeaders((await getGuilds(discord, user)).headers);
    expect(headers).toEqual({
      "x-ratelimit-limit": "2",
      "x-ratelimit-remaining": "1",
      "x-ratelimit-reset": ((discord.clock.now() + 10_000) / 1000).toFixed(3),
      "x-ratelimit-reset-after": "10.000",
      "x-ratelimit-bucket": expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });

  it("a rate limit refuses what exceeds it, and marks that in the log", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    discord.limit(GUILDS);
    discord.clock.freeze();
    await getGuilds(discord, user);
    discord.clock.advance(3500);
    expect((await getGuilds(discord, user)).headers.get("x-ratelimit-remaining")).toBe("0");
    const { status, headers, body } = await getGuilds(discord, user);
    expect([status, body]).toEqual([
      429,
      { message: "You are being rate limited.", retry_after: 6.5, global: false },
    ]);
    expect(limitHeaders(headers)).toMatchObject({
      "retry-after": "7",
      "x-ratelimit-scope": "user",
      "x-ratelimit-remaining": "0",
    });
    expect(discord.requests.map(({ refused, status }) => [status, refused])).toEqual([
      [200, false],
      [200, false],
      [429, true],
    ]);
  });

  it("a rate limit starts again when its window has ended", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    discord.limit({ ...GUILDS, limit: 1 });
    discord.clock.freeze();
    await getGuilds(discord, user);
    discord.clock.advance(9999);
    expect((await getGuilds(discord, user)).status).toBe(429);
    discord.clock.advance(1);
    expect((await getGuilds(discord, user)).status).toBe(200);
  });

  it("a rate limit counts each user apart, whatever the token, and the bot too", async () => {
    const discord = await startForTest();
    const [mira, tom] = [discord.addUser(), discord.addUser()];
    discord.limit({ ...GUILDS, limit: 1 });
    expect((await getGuilds(discord, mira)).status).toBe(200);
    expect((await getGuilds(discord, mira)).status).toBe(429);
    expect((await getGuilds(discord, tom)).status).toBe(200);
    expect((await callApi(discord, "GET /users/@me/guilds", { bot: true })).status).toBe(200);
  });

  it("a rate limit counts each guild apart, under one bucket name", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    discord.limit({ method: "GET", route: "/users/@me/guilds/:id/member", limit: 1, windowMs: 60_000 });
    const bearer = discord.issueToken(user, ["guilds.members.read"]).access_token;
    const getMember = (id: string) => callApi(discord, `GET /users/@me/guilds/${id}/member`, { bearer });
    const [first, second, again] = [await getMember("1"), await getMember("2"), await getMember("1")];
    expect([first.status, second.status, again.status]).toEqual([404, 404, 429]);
    expect(first.headers.get("x-ratelimit-bucket")).toBe(second.headers.get("x-ratelimit-bucket"));
  });

  it("a rate limit holds only for its method", async () => {
    const discord = await startForTest();
    discord.limit({ route: "PUT /users/@me/guilds", limit: 0, windowMs: 1000 });
    expect((await getGuilds(discord, discord.addUser())).status).toBe(200);
  });

  it("a rate limit can be removed", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const remove = discord.limit({ ...GUILDS, limit: 0 });
    expect((await getGuilds(discord, user)).status).toBe(429);
    remove();
    expect((await getGuilds(discord, user)).status).toBe(200);
    discord.limit({ ...GUILDS, limit: 0 });
    discord.clearLimits();
    expect((await getGuilds(discord, user)).status).toBe(200);
  });

  it("a rate limit is given in milliseconds before version 8", async () => {
    const discord = await startForTest();
    discord.limit({ ...GUILDS, limit: 0 });
    discord.clock.freeze();
    const { headers, body } = await getGuilds(discord, discord.addUser(), "/api/v6");
    expect([body.retry_after, headers.get("retry-after")]).toEqual([10_000, "10000"]);
  });

  it("a rate limit of the token endpoint counts by address, and only says when to retry", async () => {
    const discord = await startForTest();
    discord.limit({ route: "POST /oauth2/token", limit: 1, windowMs: 10_000 });
    expect(limitHeaders((await refresh(discord, "x")).headers)).toEqual({});
    const { status, headers, body } = await refresh(discord, "y");
    expect([status, body.global]).toEqual([429, false]);
    expect(Object.keys(limitHeaders(headers))).toEqual(["retry-after"]);
  });
});

describe("the global limit", () => {
  it("the global limit counts all routes of a user together, for a second", async () => {
    const discord = await startForTest({ behaviour: { globalLimit: 2 } });
    discord.clock.freeze();
    const user = discord.addUser();
    const bearer = discord.issueToken(user, ["identify"]).access_token;
    const statuses = [];
    for (const path of ["/users/@me", "/oauth2/@me", "/users/@me/connections"]) {
      statuses.push((await callApi(discord, `GET ${path}`, { bearer })).status);
    }
    const refused = await callApi(discord, "GET /users/@me", { bearer });
    expect([...statuses, refused.status]).toEqual([200, 200, 429, 429]);
    expect(refused.body).toMatchObject({ global: true });
    expect(limitHeaders(refused.headers)).toEqual({
      "retry-after": "1",
      "x-ratelimit-scope": "global",
      "x-ratelimit-global": "true",
    });
    expect((await callApi(discord, "GET /users/@me", { bot: true })).status).toBe(200);
    discord.clock.advance(1000);
    expect((await callApi(discord, "GET /users/@me", { bearer })).status).toBe(200);
  });
});

describe("invalid requests", () => {
  it("too many invalid requests block the address for ten minutes, with Cloudflare's response", async () => {
    const discord = await startForTest({ behaviour: { invalidRequestLimit: 2 } });
    const invalid = () => callApi(discord, "GET /users/@me");
    await invalid();
    discord.fail({ kind: "rate-limited", scope: "shared" });
    await invalid();
    expect((await callApi(discord, "GET /users/@me", { bot: true })).status).toBe(200);
    await invalid();
    const shutOut = await callApi(discord, "GET /users/@me", { bot: true });
    expect([shutOut.status, shutOut.text]).toEqual([429, "error code: 1015"]);
    expect(shutOut.headers.get("content-type")).toContain("text/plain");
    discord.clock.advance(600_001);
    expect((await callApi(discord, "GET /users/@me", { bot: true })).status).toBe(200);
  });

  it("a blocked IP address still reaches the consent page", async () => {
    const discord = await startForTest({ behaviour: { invalidRequestLimit: 1 } });
    await callApi(discord, "GET /users/@me");
    expect((await callApi(discord, "GET /users/@me")).status).toBe(429);
    expect(await discord.approve(authorizeUrl(discord), { user: discord.addUser() })).toContain("code=");
  });

  it("clearLimits forgets the requests that were counted", async () => {
    const discord = await startForTest({ behaviour: { invalidRequestLimit: 1, globalLimit: 1 } });
    await callApi(discord, "GET /users/@me");
    expect((await callApi(discord, "GET /users/@me")).status).toBe(429);
    discord.clearLimits();
    expect((await callApi(discord, "GET /users/@me")).status).toBe(401);
  });
});

it("of two limits for a route, the newer one counts until it is lifted", async () => {
  const discord = await startForTest();
  discord.limit({ route: "/users/@me", limit: 100, windowMs: 60_000 });
  const lift = discord.limit({ route: "GET /users/@me", limit: 1, windowMs: 60_000 });
  const status = async () => (await callApi(discord, "GET /users/@me", { bot: true })).status;
  expect([await status(), await status()]).toEqual([200, 429]);
  lift();
  expect(await status()).toBe(200);
});
