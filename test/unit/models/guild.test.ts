import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guild } from "../../../src/models/guild.js";
import { type PermissionResolvable, Permissions } from "../../../src/permissions.js";
import { CASES } from "../../support/cases.js";

const HASH = "0123456789abcdef0123456789abcdef";
const CDN = "https://cdn.discordapp.com";
const payload = {
  id: "1100000000000000001",
  name: "Test Guild",
  icon: `a_${HASH}`,
  banner: HASH,
  owner: false,
  permissions: "2251799813748736",
  features: ["COMMUNITY", "NEWS"],
  approximate_member_count: 42,
  approximate_presence_count: 7,
};

describe("guilds", () => {
  const guild = Guild.from(payload);

  it("a guild reads every field", () => {
    expect(guild).toMatchObject({
      id: "1100000000000000001",
      name: "Test Guild",
      iconHash: `a_${HASH}`,
      iconUrl: `${CDN}/icons/1100000000000000001/a_${HASH}.gif`,
      isIconAnimated: true,
      bannerHash: HASH,
      bannerUrl: `${CDN}/banners/1100000000000000001/${HASH}.png`,
      isOwner: false,
      features: ["COMMUNITY", "NEWS"],
      approximateMemberCount: 42,
      approximatePresenceCount: 7,
      createdAt: new Date("2023-04-24T10:07:17.011Z"),
    });
    expect(guild.permissions).toEqual(new Permissions(2251799813748736n));
    expect(`${guild}`).toBe("Test Guild");
  });

  it("a guild's image URLs accept options", () => {
    expect(guild.iconUrlWith({ size: 128, format: "png" })).toBe(
      `${CDN}/icons/1100000000000000001/a_${HASH}.png?size=128`,
    );
    expect(guild.bannerUrlWith({ format: "jpg" })).toBe(`${CDN}/banners/1100000000000000001/${HASH}.jpg`);
    expect(() => guild.iconUrlWith({ size: 100 as 128 })).toThrow(TypeError);
    expect(() => guild.bannerUrlWith({ size: 100 as 128 })).toThrow(TypeError);
  });

  it("a guild has defaults for fields that Discord omits", () => {
    const bare = Guild.from({ id: "1" });
    expect(bare).toMatchObject({ name: "", isIconAnimated: false, isOwner: false, features: [] });
    for (const name of [
      "iconHash",
      "iconUrl",
      "bannerHash",
      "bannerUrl",
      "permissions",
      "approximateMemberCount",
      "approximatePresenceCount",
    ] as const) {
      expect(bare[name], name).toBeUndefined();
    }
    expect(`${bare}`).toBe("");
  });

  it.each<[sent: unknown, value: bigint | undefined]>([
    ["0", 0n],
    ["8", 8n],
    ["36893488147419103232", 2n ** 65n],
    [8, 8n],
    [0, 0n],
    [-8, undefined],
    [8.5, undefined],
    ["-8", undefined],
    ["", undefined],
    ["MANAGE_GUILD", undefined],
    [null, undefined],
    [["8"], undefined],
  ])("a guild reads the permissions %o as %s", (permissions, value) => {
    expect(Guild.from({ id: "1", permissions }).permissions?.value).toBe(value);
  });

  it.each<[fields: object, wanted: PermissionResolvable[], can: boolean]>([
    [{ permissions: "32" }, ["MANAGE_GUILD"], true],
    [{ permissions: "32" }, ["MANAGE_GUILD", "KICK_MEMBERS"], false],
    [{ permissions: "34" }, ["MANAGE_GUILD", "KICK_MEMBERS"], true],
    [{ permissions: "34" }, [["MANAGE_GUILD", "KICK_MEMBERS"]], true],
    [{ permissions: "8" }, ["MANAGE_GUILD"], true],
    [{ permissions: "0" }, ["MANAGE_GUILD"], false],
    [{ permissions: "0" }, [], true],
    [{ owner: true }, ["MANAGE_GUILD"], true],
    [{ owner: true, permissions: "0" }, ["ADMINISTRATOR"], true],
    [{ owner: "true" }, ["MANAGE_GUILD"], false],
    [{}, ["MANAGE_GUILD"], false],
    [{}, [], false],
  ])("guild.can of a guild with %o, asked for %o, is %s", (fields, wanted, can) => {
    expect(Guild.from({ id: "1", ...fields }).can(...wanted)).toBe(can);
  });

  it("a guild refuses a misspelt permission even for the owner", () => {
    expect(() => Guild.from({ id: "1", owner: true }).can("MANAGE_GULD" as "MANAGE_GUILD")).toThrow(
      TypeError,
    );
  });

  it("a guild returns a new list of features each time", () => {
    guild.features.push("HUB");
    expect(guild.features).toEqual(["COMMUNITY", "NEWS"]);
    expect(Guild.from({ id: "1", features: ["A", 5, null, "B"] }).features).toEqual(["A", "B"]);
    expect(Guild.from({ id: "1", features: "COMMUNITY" }).features).toEqual([]);
  });

  it.each([null, [], "1", {}, { id: 1 }, { id: "x" }, { id: null }])(
    "no guild can be made from %o",
    (payload) => {
      expect(() => Guild.from(payload)).toThrow(TypeError);
      expect(() => Guild.from(payload)).toThrow("A guild must be an object");
    },
  );

  it("a guild equals only the same guild", () => {
    expect(guild.equals(Guild.from({ id: guild.id }))).toBe(true);
    expect(guild.equals(Guild.from({ ...payload, id: "2" }))).toBe(false);
    expect(guild.equals(payload)).toBe(false);
  });
});

it("a guild has no permissions if Discord's text for them is too long", () => {
  expect(Guild.from({ ...payload, permissions: "1".repeat(101) }).permissions).toBeUndefined();
});

it("no payload of a guild makes an accessor throw", { timeout: 60_000 }, () => {
  const fields = Object.fromEntries(Object.keys(payload).map((key) => [key, fc.jsonValue({ maxDepth: 1 })]));
  const accessors = Object.entries(Object.getOwnPropertyDescriptors(Guild.prototype))
    .filter(([, { get }]) => get)
    .map(([name]) => name as keyof Guild);
  expect(accessors.length).toBeGreaterThan(10);
  fc.assert(
    fc.property(fc.record({ ...fields, id: fc.constant("1") }, { requiredKeys: ["id"] }), (payload) => {
      const guild = Guild.from(payload);
      for (const name of accessors) void guild[name];
      expect(typeof `${guild}`).toBe("string");
      expect(typeof guild.can("MANAGE_GUILD")).toBe("boolean");
      expect(guild.toJSON()).toEqual(payload);
    }),
    CASES,
  );
});
