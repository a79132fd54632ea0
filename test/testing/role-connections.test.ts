import { expect, it } from "vitest";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const EMPTY = { platform_name: null, platform_username: null, metadata: {} };

async function withLinkedRoles() {
  const discord = await startForTest();
  const bearer = discord.issueToken(discord.addUser(), ["role_connections.write"]).access_token;
  const path = `/users/@me/applications/${discord.options.clientId}/role-connection`;
  const call = (method: string, json?: unknown) => callApi(discord, `${method} ${path}`, { bearer, json });
  return { discord, bearer, call };
}

it("a role connection is replaced as a whole, and deleted", async () => {
  const { call } = await withLinkedRoles();
  expect((await call("GET")).body).toEqual(EMPTY);
  const full = { platform_name: "Shop", platform_username: "mira", metadata: { level: 3, vip: "1" } };
  const stored = { ...full, metadata: { level: "3", vip: "1" } };
  expect((await call("PUT", full)).body).toEqual(stored);
  expect((await call("GET")).body).toEqual(stored);
  expect((await call("PUT", { platform_name: "Shop" })).body).toEqual({ ...EMPTY, platform_name: "Shop" });
  const deleted = await call("DELETE");
  expect([deleted.status, deleted.text]).toEqual([204, ""]);
  expect((await call("GET")).body).toEqual(EMPTY);
});

it.each([
  [{ platform_name: "x".repeat(51) }, "platform_name"],
  [{ platform_username: "x".repeat(101) }, "platform_username"],
  [{ platform_username: 1 }, "platform_username"],
  [{ metadata: { a: "" } }, "metadata"],
  [{ metadata: { a: { b: 1 } } }, "metadata"],
  [{ metadata: { "A b": "1" } }, "metadata"],
  [{ metadata: { ["a".repeat(51)]: "1" } }, "metadata"],
  [{ metadata: { a: "x".repeat(101) } }, "metadata"],
  [{ metadata: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } }, "metadata"],
  [{ metadata: "x" }, "metadata"],
])("a role connection such as $0 is refused", async (json, field) => {
  const { call } = await withLinkedRoles();
  const { status, body } = await call("PUT", json);
  expect([status, Object.keys(body.errors)]).toEqual([400, [field]]);
});

it("the lengths of linked role values count an emoji as one character", async () => {
  const { discord, call } = await withLinkedRoles();
  const connection = {
    platform_name: "😀".repeat(50),
    platform_username: "😀".repeat(100),
    metadata: { a: "😀".repeat(100) },
  };
  const record = { type: 1, key: "a", name: "😀".repeat(100), description: "😀".repeat(200) };
  const route = `PUT /applications/${discord.options.clientId}/role-connections/metadata`;

  expect((await call("PUT", connection)).body).toEqual(connection);
  expect((await callApi(discord, route, { bot: true, json: [record] })).body).toEqual([record]);
});

it("a role connection of another application is unknown", async () => {
  const { discord, bearer } = await withLinkedRoles();
  const { status, body } = await callApi(discord, "GET /users/@me/applications/1/role-connection", {
    bearer,
  });
  expect([status, body.code]).toEqual([404, 10002]);
});

it("the bot describes the values of role connections, in five records at most", async () => {
  const discord = await startForTest();
  const path = `/applications/${discord.options.clientId}/role-connections/metadata`;
  const record = { type: 2, key: "level", name: "Level", description: "At least" };
  expect((await callApi(discord, `GET ${path}`, { bot: true })).body).toEqual([]);
  expect((await callApi(discord, `PUT ${path}`, { bot: true, json: [record] })).body).toEqual([record]);
  expect((await callApi(discord, `GET ${path}`, { bot: true })).body).toEqual([record]);
  const sixth = await callApi(discord, `PUT ${path}`, { bot: true, json: Array(6).fill(record) });
  expect([sixth.status, sixth.body.code]).toEqual([400, 50035]);
  expect((await callApi(discord, `PUT ${path}`, { bot: true, json: {} })).status).toBe(400);
  const other = path.replace(discord.options.clientId, "1");
  expect((await callApi(discord, `GET ${other}`, { bot: true })).body.code).toBe(10002);
});

const RECORD = { type: 2, key: "level", name: "Level", description: "At least" };

it.each([
  [[RECORD, 1], ["1"]],
  [[{ ...RECORD, type: 9 }], ["0", "type"]],
  [[{ ...RECORD, type: "2" }], ["0", "type"]],
  [
    [RECORD, { ...RECORD, key: "Level" }],
    ["1", "key"],
  ],
  [[{ ...RECORD, key: "" }], ["0", "key"]],
  [[{ ...RECORD, key: "x".repeat(51) }], ["0", "key"]],
  [
    [RECORD, RECORD],
    ["1", "key"],
  ],
  [[{ ...RECORD, name: "" }], ["0", "name"]],
  [[{ ...RECORD, name: "x".repeat(101) }], ["0", "name"]],
  [[{ ...RECORD, description: undefined }], ["0", "description"]],
  [[{ ...RECORD, description: "x".repeat(201) }], ["0", "description"]],
  [[{ ...RECORD, name_localizations: ["x"] }], ["0", "name_localizations"]],
  [[{ ...RECORD, description_localizations: { de: 1 } }], ["0", "description_localizations"]],
])("metadata records such as $0 are refused at $1", async (json, path) => {
  const discord = await startForTest();
  const endpoint = `/applications/${discord.options.clientId}/role-connections/metadata`;
  const { status, body } = await callApi(discord, `PUT ${endpoint}`, { bot: true, json });
  expect([status, body.code]).toEqual([400, 50035]);
  const leaf = path.reduce((errors, part) => errors[part], body.errors);
  expect(leaf._errors).toHaveLength(1);
  expect((await callApi(discord, `GET ${endpoint}`, { bot: true })).body).toEqual([]);
});

it("metadata records keep their localizations, and drop what Discord does not know", async () => {
  const discord = await startForTest();
  const endpoint = `/applications/${discord.options.clientId}/role-connections/metadata`;
  const record = { ...RECORD, name_localizations: { de: "Stufe" } };
  const json = [{ ...record, extra: 1 }];
  expect((await callApi(discord, `PUT ${endpoint}`, { bot: true, json })).body).toEqual([record]);
});
