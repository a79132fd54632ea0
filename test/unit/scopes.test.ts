import { OAuth2Scopes } from "discord-api-types/v10";
import { describe, expect, it } from "vitest";
import { meantScope, SCOPE_NAMES } from "../../src/scopes.js";

describe("scopes", () => {
  it("the list of scopes has all that discord-api-types has, each once", () => {
    expect(SCOPE_NAMES).toEqual(expect.arrayContaining(Object.values(OAuth2Scopes)));
    expect(new Set(SCOPE_NAMES).size).toBe(SCOPE_NAMES.length);
  });

  it("no scope counts as a misspelling of another", () => {
    expect(SCOPE_NAMES.filter(meantScope)).toEqual([]);
  });
});

it.each([
  ["identity", "identify"],
  ["identify_", "identify"],
  ["Identify", "identify"],
  ["emails", "email"],
  ["guild", "guilds"],
  ["guild.join", "guilds.join"],
  ["guild.members.read", "guilds.members.read"],
  ["guilds.member.read", "guilds.members.read"],
  ["connection", "connections"],
  ["application.commands", "applications.commands"],
  ["webhooks.incoming", "webhook.incoming"],
  ["role_connection.write", "role_connections.write"],
])("the scope %s is recognised as a misspelling of %s", (written, meant) => {
  expect(meantScope(written)).toBe(meant);
});

it.each([
  "my.own",
  "a",
  "presences.read",
  "relationships.write",
  "dm_channels.messages.read",
  "guilds.channels.read",
  "lobbies.write",
  "guilds.leave",
  "role_connections.read",
])("the scope %s is accepted as an unknown one", (scope) => {
  expect(meantScope(scope)).toBeUndefined();
});
