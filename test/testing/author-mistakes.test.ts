import { expect, it } from "vitest";
import type { NewConnection, NewMember, NewUser } from "../../src/testing/index.js";
import { callApi, refresh } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

it("fields that are undefined are made up, like missing ones", async () => {
  const discord = await startForTest();
  const user = discord.addUser({ id: undefined, username: undefined } as unknown as NewUser);
  expect(user.payload).toMatchObject({ id: expect.any(String), username: expect.any(String) });
  const guild = discord.addGuild();
  discord.addMember(guild, user, { joinedAt: undefined } as unknown as NewMember);
  const { body } = await callApi(discord, `GET /guilds/${guild.id}/members/${user.id}`, { bot: true });
  expect(body.joined_at).toMatch(/^20/);
  discord.addConnection(user, { id: undefined, type: undefined } as unknown as NewConnection);
  expect(user.connections).toMatchObject([{ id: expect.any(String), type: "github" }]);
});

it("switches that are undefined keep their default", async () => {
  const behaviour = { accessTokenSeconds: undefined, approvedScopes: undefined } as object;
  const discord = await startForTest({ behaviour });
  expect(discord.issueToken(discord.addUser(), ["identify"]).expires_in).toBe(604_800);
});

it.each([["abc"], [""], [42], ["18446744073709551616"]])("%j is not an id", async (id) => {
  const discord = await startForTest();
  expect(() => discord.addUser({ id: id as string })).toThrow(TypeError);
  expect(() => discord.addGuild({ id: id as string })).toThrow("is not an id");
});

it("a member may have only roles of the guild", async () => {
  const discord = await startForTest();
  const guild = discord.addGuild({ roles: [{ id: "42", name: "Chef" }] });
  expect(() => discord.addMember(guild, discord.addUser(), { roles: ["Chef"] })).toThrow(
    'no role with the id "Chef"',
  );
});

it("users and guilds of another simulator are refused", async () => {
  const [own, other] = [await startForTest(), await startForTest()];
  expect(() => own.addMember(other.addGuild(), own.addUser())).toThrow(TypeError);
  expect(() => own.addMember(own.addGuild(), other.addUser())).toThrow(TypeError);
  expect(() => own.issueToken(other.addUser(), ["identify"])).toThrow(TypeError);
  expect(() => own.authorizeInActivity(other.addUser())).toThrow(TypeError);
});

it("a second user with the same id signs in as themselves", async () => {
  const discord = await startForTest();
  const former = discord.issueToken(discord.addUser({ id: "77", username: "first" }), ["identify", "guilds"]);
  const tokens = discord.issueToken(discord.addUser({ id: "77", username: "second" }), ["identify"]);
  const { body } = await callApi(discord, "GET /users/@me", { bearer: tokens.access_token });
  expect(body.username).toBe("second");
  expect((await refresh(discord, tokens.refresh_token)).body.scope).toBe("identify");
  expect((await callApi(discord, "GET /users/@me", { bearer: former.access_token })).body.username).toBe(
    "first",
  );
});

it("a new owner replaces the former one", async () => {
  const discord = await startForTest();
  const [guild, first, second] = [discord.addGuild(), discord.addUser(), discord.addUser()];
  discord.addMember(guild, first, { owner: true });
  discord.addMember(guild, second, { owner: true });
  expect(guild.owner?.user).toBe(second);
  expect(guild.members.get(first.id)?.owner).toBe(false);
});
