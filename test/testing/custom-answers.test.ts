import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("the test's answer to a route lasts until it is removed", async () => {
  const discord = await startForTest();
  const remove = discord.answer("GET /gateway", {
    body: { url: "wss://gateway.test" },
    headers: { "X-One": "1" },
  });
  const { status, headers, body } = await callApi(discord, "GET /gateway");
  expect([status, headers.get("x-one"), body]).toEqual([200, "1", { url: "wss://gateway.test" }]);
  expect((await callApi(discord, "POST /gateway")).status).toBe(404);
  remove();
  expect((await callApi(discord, "GET /gateway")).status).toBe(404);
});

it("discord.answer accepts a function that decides by the request", async () => {
  const discord = await startForTest();
  discord.answer("PUT /channels/:id/pins/:message", ({ ids, json, query }) => ({
    status: 201,
    body: { ids, json, query },
  }));
  const call = { bot: true, json: { a: 1 } };
  const { status, body } = await callApi(discord, "PUT /channels/1/pins/2?x=y", call);
  expect([status, body]).toEqual([201, { ids: ["1", "2"], json: { a: 1 }, query: { x: "y" } }]);
  expect(discord.requestsTo("PUT /channels/:channel/pins/:message")).toHaveLength(1);
});

it("rate limits and faults also apply to a route that the test answers", async () => {
  const discord = await startForTest();
  discord.answer("GET /channels/:id/pins", { body: [] });
  discord.fail({ kind: "status", status: 500, route: "GET /channels/:id/pins" });
  discord.limit({ route: "GET /channels/:id/pins", limit: 1, windowMs: 1000 });
  const statuses = [];
  for (let count = 0; count < 3; count += 1)
    statuses.push((await callApi(discord, "GET /channels/1/pins")).status);
  expect(statuses).toEqual([500, 200, 429]);
});

it("the newest answer to a route counts, and a more specific route takes precedence", async () => {
  const discord = await startForTest();
  const user = discord.addUser();
  discord.answer("GET /users/:id", { body: "first" });
  discord.answer("GET /users/:id", { body: "second" });
  expect((await callApi(discord, `GET /users/${user.id}`)).text).toBe("second");
  expect((await callApi(discord, "GET /users/@me", { bot: true })).body.bot).toBe(true);
  discord.answer("GET /users/@me", { status: 204 });
  expect((await callApi(discord, "GET /users/@me")).status).toBe(204);
});

it.each(["/gateway", "GET gateway", "get /gateway", ""])(
  "an answer cannot be set for the route %j",
  async (route) => {
    const discord = await startForTest();
    expect(() => discord.answer(route, {})).toThrow(TypeError);
  },
);

it("a function that throws makes the answer a 500", async () => {
  const discord = await startForTest();
  discord.answer("GET /gateway", () => {
    throw new Error("a mistake in the test");
  });
  expect((await callApi(discord, "GET /gateway")).text).toBe("Error: a mistake in the test");
});

it("the request log has the status of the 500 after a function has thrown", async () => {
  const discord = await startForTest();
  discord.answer("GET /gateway", () => {
    throw new Error("a mistake in the test");
  });
  await callApi(discord, "GET /gateway");
  expect(discord.requests).toMatchObject([{ status: 500 }]);
});

it("an answer's own headers replace the usual ones, however they are spelt", async () => {
  const discord = await startForTest();
  const headers = { "content-type": "application/problem+json", "content-length": "9", via: "1.1 test" };
  discord.answer("GET /gateway", { body: { a: 1 }, headers });
  discord.fail({ kind: "status", status: 503, route: "GET /users/@me", body: { a: 1 }, headers });
  for (const endpoint of ["GET /gateway", "GET /users/@me"]) {
    const answer = await callApi(discord, endpoint);
    expect(answer.body).toEqual({ a: 1 });
    expect([answer.headers.get("content-type"), answer.headers.get("via")]).toEqual([
      "application/problem+json",
      "1.1 test",
    ]);
  }
});

it("an answer to a percent-encoded route is found by the decoded path", async () => {
  const discord = await startForTest();
  discord.answer("GET /users/%40me/entitlements", { body: [] });
  expect((await callApi(discord, "GET /users/@me/entitlements")).status).toBe(200);
  expect(() => discord.answer("GET /users/%zz", {})).toThrow(TypeError);
});

it("an answer to a route with an encoded space is for that route alone", async () => {
  const discord = await startForTest();
  discord.answer("GET /emojis/party%20hat", { body: [] });
  expect((await callApi(discord, "GET /emojis/party%20hat")).status).toBe(200);
  expect((await callApi(discord, "GET /emojis/party")).status).toBe(404);
});

it("an answer's own rate limit headers replace those of a limit", async () => {
  const discord = await startForTest();
  discord.limit({ route: "GET /gateway", limit: 5, windowMs: 1000 });
  discord.answer("GET /gateway", { headers: { "x-ratelimit-remaining": "0" } });
  const { headers } = await callApi(discord, "GET /gateway");
  expect([headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")]).toEqual(["5", "0"]);
});
