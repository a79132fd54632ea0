import { describe, expect, it } from "vitest";
import { type RecordedRequest, RequestLog } from "../../src/testing/request-log.js";
import { callApi, exchange, logIn } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("the request log says what was requested, how, by whom, and with which result", async () => {
  const discord = await startForTest();
  const [user, guild] = [discord.addUser(), discord.addGuild()];
  const { access_token: bearer } = discord.issueToken(user, ["guilds"]);
  await callApi(discord, "GET /users/@me/guilds?limit=5", { bearer });
  await callApi(discord, `PUT /guilds/${guild.id}/members/${user.id}`, {
    bot: true,
    json: { access_token: "x" },
  });
  await exchange(discord, "no code");
  const [list, join, token] = discord.requests;
  expect(list).toMatchObject({
    method: "GET",
    path: "/api/v10/users/@me/guilds",
    apiPath: "/users/@me/guilds",
    route: "/users/@me/guilds",
    query: { limit: "5" },
    authorization: "Bearer",
    token: bearer,
    userId: user.id,
    form: undefined,
    json: undefined,
    status: 200,
    refused: false,
    fault: undefined,
  });
  expect(join).toMatchObject({
    method: "PUT",
    route: "/guilds/:id/members/:user",
    authorization: "Bot",
    token: discord.options.botToken,
    userId: undefined,
    json: { access_token: "x" },
    status: 403,
  });
  expect(token).toMatchObject({
    route: "/oauth2/token",
    authorization: undefined,
    form: { grant_type: "authorization_code", code: "no code" },
    status: 400,
  });
  expect(token?.headers["content-type"]).toContain("application/x-www-form-urlencoded");
});

it("the request log uses the simulator's clock", async () => {
  const discord = await startForTest();
  discord.clock.freeze();
  discord.clock.advance(86_400_000);
  await callApi(discord, "GET /users/@me");
  expect(discord.requests[0]?.at).toBe(discord.clock.now());
});

it("the request log says how long an answer took, and whether it was sent completely", async () => {
  const discord = await startForTest();
  discord.clock.freeze();
  discord.fail({ kind: "slow-body", route: "/users/@me", chunkBytes: 20, everyMs: 10 });
  discord.fail({ kind: "truncated", route: "/users/@me" });
  discord.fail({ kind: "hang", route: "/users/@me" });
  await callApi(discord, "GET /users/@me");
  await expect(callApi(discord, "GET /users/@me")).rejects.toThrow();
  const visit = new AbortController();
  const unanswered = expect(
    fetch(`${discord.url}/api/users/@me`, { signal: visit.signal }),
  ).rejects.toThrow();
  await expect.poll(() => discord.requests.length).toBe(3);
  visit.abort();
  await unanswered;
  await expect.poll(() => discord.requests[2]?.durationMs).toBeGreaterThan(0);
  const [slow, truncated, hanging] = discord.requests;
  expect(slow).toMatchObject({ status: 401, cutShort: false });
  expect(slow?.durationMs).toBeGreaterThan(9);
  expect(truncated).toMatchObject({ status: 401, cutShort: true });
  expect(hanging).toMatchObject({ status: undefined, cutShort: true });
});

it("the request log keeps no credentials of a Basic header as a token", async () => {
  const discord = await startForTest();
  await callApi(discord, "POST /oauth2/token", { headers: { Authorization: "Basic aTpz" } });
  expect(discord.requests[0]).toMatchObject({ authorization: "Basic", token: undefined });
});

it("the request log can be searched by method and template, by template, or by one path", async () => {
  const discord = await startForTest();
  const [mira, tom] = [discord.addUser(), discord.addUser()];
  for (const id of [mira.id, tom.id]) await callApi(discord, `GET /users/${id}`, { bot: true });
  await callApi(discord, `DELETE /users/${tom.id}`, { bot: true });
  await callApi(discord, "GET /users/@me", { bot: true });
  await callApi(discord, "GET /no/such/route");
  const methods = (route: string) => discord.requestsTo(route).map(({ method }) => method);
  expect(methods("GET /users/:id")).toEqual(["GET", "GET"]);
  expect(methods("get /users/:anybody")).toEqual(["GET", "GET"]);
  expect(methods("/users/:id")).toEqual(["GET", "GET", "DELETE"]);
  expect(methods(`/users/${tom.id}`)).toEqual(["GET", "DELETE"]);
  expect(methods("/users/@me")).toEqual(["GET"]);
  expect(methods("/no/such/route")).toEqual(["GET"]);
  expect(methods("POST /users/:id")).toEqual([]);
});

it("a misspelt route is an error", async () => {
  const discord = await startForTest();
  expect(() => discord.requestsTo("users/@me")).toThrow('"users/@me" is not a route');
  expect(() => discord.fail({ kind: "hang", route: "GET" })).toThrow(TypeError);
});

it("the request log keeps only the latest requests, up to its limit", async () => {
  const discord = await startForTest({ logLimit: 2 });
  for (const id of ["1", "2", "3"]) await callApi(discord, `GET /users/${id}`, { bot: true });
  expect(discord.requests.map(({ apiPath }) => apiPath)).toEqual(["/users/2", "/users/3"]);
});

it("requestsTo finds only requests that are still in the log", async () => {
  const discord = await startForTest({ logLimit: 3 });
  for (const id of ["1", "2", "1", "3", "1"]) await callApi(discord, `GET /users/${id}`, { bot: true });
  const paths = (route: string) => discord.requestsTo(route).map(({ apiPath }) => apiPath);
  expect(paths("/users/:id")).toEqual(["/users/1", "/users/3", "/users/1"]);
  expect(paths("/users/1")).toEqual(["/users/1", "/users/1"]);
  expect(paths("/users/2")).toEqual([]);
  await callApi(discord, "GET /users/@me", { bot: true });
  expect(paths("/users/1")).toEqual(["/users/1"]);
});

it("the request log can be cleared", async () => {
  const discord = await startForTest();
  await logIn(discord, discord.addUser());
  expect(discord.requests.length).toBeGreaterThan(0);
  expect(discord.requestsTo("POST /oauth2/token")).toHaveLength(1);
  discord.clearRequests();
  expect(discord.requests).toEqual([]);
  expect(discord.requestsTo("POST /oauth2/token")).toEqual([]);
});

it("a list of requests does not change after it was read", async () => {
  const discord = await startForTest();
  await callApi(discord, "GET /users/@me");
  const before = discord.requests;
  await callApi(discord, "GET /users/@me/guilds");
  expect(before.map(({ route }) => route)).toEqual(["/users/@me"]);
  expect(discord.requests).toHaveLength(2);
});

it("the request log keeps bodies up to 64 KiB and the size of larger ones", async () => {
  const discord = await startForTest();
  const ofSize = (bytes: number) => ({ content: "x".repeat(bytes - JSON.stringify({ content: "" }).length) });
  for (const bytes of [65_536, 65_537]) {
    await callApi(discord, "POST /channels/1/messages", { bot: true, json: ofSize(bytes) });
  }
  const form = { grant_type: "refresh_token", refresh_token: "x".repeat(65_536) };
  await callApi(discord, "POST /oauth2/token", { form });
  await callApi(discord, "GET /users/@me");
  expect(discord.requests).toMatchObject([
    { bodyBytes: 65_536, json: ofSize(65_536) },
    { bodyBytes: 65_537, json: undefined },
    { bodyBytes: 65_536 + "grant_type=refresh_token&refresh_token=".length, form: undefined },
    { bodyBytes: 0, json: undefined },
  ]);
});

describe("large logs", () => {
  it("a request log of 200,000 requests takes the next one as fast as a log of 100", () => {
    const [small, large] = [fullLog(100), fullLog(200_000)];
    const addTo = (log: RequestLog) => () => log.add(toRoute("/users/@me"));
    expect(secondsOf(2000, addTo(large))).toBeLessThan(10 * secondsOf(2000, addTo(small)));
  });

  it("a request log of 200,000 requests is searched for a route as fast as a log of 100", () => {
    const [small, large] = [fullLog(100), fullLog(200_000)];
    for (const log of [small, large]) log.add(toRoute("/users/@me/guilds"));
    const search = (log: RequestLog) => () => log.to("GET /users/@me/guilds");
    expect(search(large)()).toHaveLength(1);
    expect(secondsOf(200, search(large))).toBeLessThan(10 * secondsOf(200, search(small)));
  });
});

function fullLog(limit: number): RequestLog {
  const log = new RequestLog(limit);
  for (let count = 0; count < limit; count += 1) log.add(toRoute("/users/@me"));
  return log;
}

function toRoute(route: string): RecordedRequest {
  return {
    method: "GET",
    path: `/api/v10${route}`,
    apiPath: route,
    route,
    query: {},
    headers: {},
    authorization: undefined,
    token: undefined,
    userId: undefined,
    form: undefined,
    json: undefined,
    bodyBytes: 0,
    at: 0,
    status: undefined,
    durationMs: undefined,
    cutShort: false,
    refused: false,
    fault: undefined,
  };
}

/** The best of ten rounds, so that a busy machine makes no difference. */
function secondsOf(times: number, run: () => void): number {
  const rounds = Array.from({ length: 10 }, () => {
    const start = performance.now();
    for (let count = 0; count < times; count += 1) run();
    return performance.now() - start;
  });
  return Math.min(...rounds) / 1000;
}
