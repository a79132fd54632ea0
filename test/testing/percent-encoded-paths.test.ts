import { request } from "node:http";
import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it.each(["/users/%40me", "/users/%40%6De", "/users/@me"])(
  "the path %s is the signed-in user",
  async (path) => {
    const discord = await startForTest();
    const user = discord.addUser();
    const bearer = discord.issueToken(user, ["identify"]).access_token;
    const { status, body } = await callApi(discord, `GET ${path}`, { bearer });
    expect([status, body.id]).toEqual([200, user.id]);
  },
);

it("an encoded prefix and an encoded id are read like any other", async () => {
  const discord = await startForTest();
  const user = discord.addUser({ id: "80351110224678912" });
  const answer = await callApi(discord, "GET /users/%38%30351110224678912", {
    bot: true,
    base: "/%61pi/%7610",
  });
  expect([answer.status, answer.body.id]).toEqual([200, user.id]);
});

it("an encoded slash does not begin a segment", async () => {
  const discord = await startForTest();
  expect((await callApi(discord, "GET /users%2F@me", { bot: true })).status).toBe(404);
  const { body } = await callApi(discord, "GET /users/1%2f2", { bot: true });
  expect(body.errors.user_id._errors[0].message).toBe('Value "1%2F2" is not snowflake.');
});

it.each(["/api/v10/users/%", "/api/v10/users/%zz", "/api/users/%ff", "/%E0%A4%A", "/oauth2/authorize%"])(
  "the path %s is malformed, and answered with 400",
  async (path) => {
    const discord = await startForTest();
    const status = await new Promise((resolve, reject) => {
      const call = request(discord.url, { path }, (response) => resolve(response.resume().statusCode));
      call.once("error", reject).end();
    });
    expect(status).toBe(400);
    expect(discord.requests).toMatchObject([{ path, status: 400 }]);
  },
);

it("fail, limit and requestsTo match the decoded path, however the test spells it", async () => {
  const discord = await startForTest();
  const call = () => callApi(discord, "GET /users/%40me", { bot: true });
  discord.fail({ kind: "status", status: 500, route: "GET /users/@me" });
  expect((await call()).status).toBe(500);
  discord.fail({ kind: "status", status: 503, route: "/users/%40me" });
  expect((await call()).status).toBe(503);
  discord.limit({ route: "GET /users/@me", limit: 1, windowMs: 1000 });
  expect([(await call()).status, (await call()).status]).toEqual([200, 429]);
  expect(discord.requestsTo("GET /users/@me")).toHaveLength(4);
  expect(discord.requestsTo("/users/%40me")).toHaveLength(4);
  expect(discord.requests[0]).toMatchObject({ path: "/api/v10/users/@me", apiPath: "/users/@me" });
  expect(() => discord.requestsTo("/users/%zz")).toThrow('"/users/%zz" is not a route');
});
