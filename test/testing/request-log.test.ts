import { expect, it } from "vitest";
import { callApi, exchange, logIn } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("the log tells what was asked, how, by whom, and what came of it", async () => {
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

it("the log goes by the clock of the simulator", async () => {
  const discord = await startForTest();
  discord.clock.freeze();
  discord.clock.advance(86_400_000);
  await callApi(discord, "GET /users/@me");
  expect(discord.requests[0]?.at).toBe(discord.clock.now());
});

it("the log keeps no credentials of a Basic header as a token", async () => {
  const discord = await startForTest();
  await callApi(discord, "POST /oauth2/token", { headers: { Authorization: "Basic aTpz" } });
  expect(discord.requests[0]).toMatchObject({ authorization: "Basic", token: undefined });
});

it("the log is asked by method and template, by template, or by a very path", async () => {
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

it("the log keeps the latest requests, as many as it is told to", async () => {
  const discord = await startForTest({ logLimit: 2 });
  for (const id of ["1", "2", "3"]) await callApi(discord, `GET /users/${id}`, { bot: true });
  expect(discord.requests.map(({ apiPath }) => apiPath)).toEqual(["/users/2", "/users/3"]);
});

it("the log can be cleared", async () => {
  const discord = await startForTest();
  await logIn(discord, discord.addUser());
  expect(discord.requests.length).toBeGreaterThan(0);
  discord.clearRequests();
  expect(discord.requests).toEqual([]);
});
