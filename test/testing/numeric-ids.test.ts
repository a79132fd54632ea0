import { expect, it } from "vitest";
import { parseJson } from "../../src/testing/json-text.js";
import { callApi } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const LARGE_ID = "1100000000000000123";

it("a recipient sent as a JSON number keeps all its digits", async () => {
  const discord = await startForTest();
  const user = discord.addUser({ id: LARGE_ID });
  const headers = { "Content-Type": "application/json" };
  const open = (raw: string) => callApi(discord, "POST /users/@me/channels", { bot: true, raw, headers });
  expect((await open(`{"recipient_id": ${LARGE_ID}}`)).body.recipients[0].id).toBe(user.id);
  expect(discord.requests[0]?.json).toEqual({ recipient_id: LARGE_ID });
  for (const wrong of ["{}", "-1100000000000000123", "1.5", "true", '"1e3"', "99999999999999999999"]) {
    const { body } = await open(`{"recipient_id": ${wrong}}`);
    expect(body.errors.recipient_id._errors[0].code).toBe("NUMBER_TYPE_COERCE");
  }
});

it("role ids sent as JSON numbers keep all their digits", async () => {
  const discord = await startForTest();
  const guild = discord.addGuild({ roles: [{ id: LARGE_ID }, { id: "42" }] });
  const user = discord.addUser();
  const { access_token } = discord.issueToken(user, ["guilds.join"]);
  const raw = `{"access_token":"${access_token}","roles":[${LARGE_ID},42]}`;
  const headers = { "Content-Type": "application/json" };
  const answer = await callApi(discord, `PUT /guilds/${guild.id}/members/${user.id}`, {
    bot: true,
    raw,
    headers,
  });
  expect([answer.status, answer.body.roles]).toEqual([201, [LARGE_ID, "42"]]);
});

it("large strings beside an id keep the JSON readable", () => {
  for (const text of ["a".repeat(12_000_000), 'a\\"7'.repeat(4_000_000)]) {
    expect(parseJson(JSON.stringify({ text, id: LARGE_ID })) as object).toEqual({ text, id: LARGE_ID });
  }
});

it.each([
  ['{"a":12345678901234567890}', { a: "12345678901234567890" }],
  ['{"a":[-9007199254740993]}', { a: ["-9007199254740993"] }],
  ['{"a":9007199254740991,"b":1e400}', { a: 9007199254740991, b: Number.POSITIVE_INFINITY }],
  ['{"a":1.00000000000000000001}', { a: 1 }],
  ['{"a\\"1234567890123456789":"1234567890123456789"}', { 'a"1234567890123456789': "1234567890123456789" }],
  ['"\\\\" ', "\\"],
  ['["\\\\",1234567890123456789]', ["\\", "1234567890123456789"]],
])("the simulator reads the JSON %s as %j", (text, value) => {
  expect(parseJson(text)).toEqual(value);
});

it.each(["{1234567890123456789:1}", "[1234567890123456789", "01234567890123456789", "1234567890123456789x"])(
  "the simulator refuses the invalid JSON %s",
  (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  },
);
