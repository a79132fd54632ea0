import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guild } from "../../../src/models/guild.js";
import { Integration } from "../../../src/models/integration.js";
import { CASES } from "../../support/cases.js";

const whole = {
  id: "1100000000000000030",
  name: "mira on Twitch",
  type: "twitch",
  enabled: true,
  syncing: false,
  role_id: "1100000000000000020",
  enable_emoticons: true,
  expire_behavior: 1,
  expire_grace_period: 7,
  user: { id: "1100000000000000002", username: "mira.k" },
  account: { id: "44322889", name: "mira" },
  synced_at: "2024-03-01T10:20:30.123000+00:00",
  subscriber_count: 3,
  revoked: false,
};

describe("integrations", () => {
  it("the integration of a guild reads every field", () => {
    const integration = Integration.from(whole);
    expect(integration).toMatchObject({
      id: "1100000000000000030",
      name: "mira on Twitch",
      type: "twitch",
      enabled: true,
      syncing: false,
      roleId: "1100000000000000020",
      expireBehavior: 1,
      expireBehaviour: 1,
      expireGracePeriod: 7,
      account: { id: "44322889", name: "mira" },
      syncedAt: new Date("2024-03-01T10:20:30.123Z"),
    });
    expect(integration.guild).toBeUndefined();
    expect(`${integration}`).toBe("mira on Twitch");
  });

  it("the integration of a connection has only its id, type, account and guild", () => {
    const integration = Integration.from({
      id: "twitch-partners",
      type: "twitch",
      account: { id: "1", name: "a" },
      guild: { id: "1100000000000000001", name: "Test Guild", icon: null },
    });
    expect(integration.id).toBe("twitch-partners");
    expect(integration.guild).toBeInstanceOf(Guild);
    expect(integration.guild?.name).toBe("Test Guild");
    expect(integration.guild?.permissions).toBeUndefined();
    for (const name of [
      "name",
      "enabled",
      "syncing",
      "roleId",
      "expireBehavior",
      "expireBehaviour",
      "expireGracePeriod",
      "syncedAt",
    ] as const) {
      expect(integration[name], name).toBeUndefined();
    }
    expect(`${integration}`).toBe("twitch-partners");
  });

  it("an integration ignores null and other types", () => {
    const odd = Integration.from({
      id: "1",
      role_id: null,
      type: null,
      account: null,
      guild: { id: "x" },
      synced_at: 5,
    });
    expect([odd.roleId, odd.type, odd.account, odd.guild, odd.syncedAt]).toEqual(Array(5).fill(undefined));
    expect(Integration.from({ id: "1", account: { id: 5 } }).account).toEqual({
      id: undefined,
      name: undefined,
    });
    expect(Integration.from({ id: "1", account: "mira" }).account).toBeUndefined();
  });

  it("an integration equals only the same integration", () => {
    const integration = Integration.from(whole);
    expect(integration.equals(Integration.from({ id: whole.id }))).toBe(true);
    expect(integration.equals(Integration.from({ ...whole, id: "2" }))).toBe(false);
    expect(integration.equals(Guild.from({ id: whole.id }))).toBe(false);
  });

  it.each([null, [], "1", {}, { id: 1 }, { id: "" }])("no integration can be made from %o", (payload) => {
    expect(() => Integration.from(payload)).toThrow(TypeError);
    expect(() => Integration.from(payload)).toThrow("An integration must be an object");
  });
});

it("no payload of an integration makes an accessor throw", { timeout: 60_000 }, () => {
  const fields = Object.fromEntries(
    [...Object.keys(whole), "guild"].map((key) => [key, fc.jsonValue({ maxDepth: 1 })]),
  );
  const accessors = Object.entries(Object.getOwnPropertyDescriptors(Integration.prototype))
    .filter(([, { get }]) => get)
    .map(([name]) => name as keyof Integration);
  expect(accessors.length).toBeGreaterThan(10);
  fc.assert(
    fc.property(
      fc.record({ ...fields, id: fc.string({ minLength: 1 }) }, { requiredKeys: ["id"] }),
      (payload) => {
        const integration = Integration.from(payload);
        for (const name of accessors) void integration[name];
        expect(typeof `${integration}`).toBe("string");
        expect(integration.toJSON()).toEqual(payload);
      },
    ),
    CASES,
  );
});
