import { GuildMemberFlags } from "discord-api-types/v10";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { replaceClock } from "../../../src/clock.js";
import { GuildMember } from "../../../src/models/guild-member.js";
import { User } from "../../../src/models/user.js";
import { CASES } from "../../support/cases.js";

const GUILD = "1100000000000000001";
const HASH = "0123456789abcdef0123456789abcdef";
const CDN = "https://cdn.discordapp.com";
const payload = {
  user: {
    id: "1100000000000000002",
    username: "mira.k",
    discriminator: "0",
    global_name: "Mira",
    avatar: HASH,
  },
  nick: "Mimi",
  avatar: `a_${HASH}`,
  banner: HASH,
  roles: ["1100000000000000020", "1100000000000000021"],
  joined_at: "2024-03-01T10:20:30.123000+00:00",
  premium_since: "2025-03-01T10:20:30+00:00",
  communication_disabled_until: "2026-03-01T10:20:30.500000+00:00",
  deaf: true,
  mute: true,
  pending: true,
  flags: 10,
  permissions: "8",
};

afterEach(() => replaceClock());

describe("members", () => {
  const member = GuildMember.from(payload, GUILD);

  it("a member reads every field", () => {
    expect(member).toMatchObject({
      id: "1100000000000000002",
      guildId: GUILD,
      roles: ["1100000000000000020", "1100000000000000021"],
      nick: "Mimi",
      displayName: "Mimi",
      avatarHash: `a_${HASH}`,
      avatarUrl: `${CDN}/guilds/${GUILD}/users/1100000000000000002/avatars/a_${HASH}.gif`,
      isAvatarAnimated: true,
      bannerHash: HASH,
      bannerUrl: `${CDN}/guilds/${GUILD}/users/1100000000000000002/banners/${HASH}.png`,
      joinedAt: new Date("2024-03-01T10:20:30.123Z"),
      premiumSince: new Date("2025-03-01T10:20:30Z"),
      communicationDisabledUntil: new Date("2026-03-01T10:20:30.500Z"),
      deaf: true,
      mute: true,
      pending: true,
      flags: 10,
    });
    expect(member.user).toBeInstanceOf(User);
    expect(member.user?.displayName).toBe("Mira");
    expect(member.permissions?.toArray()).toEqual(["ADMINISTRATOR"]);
    expect(`${member}`).toBe("Mimi");
  });

  it("a member keeps its user in memory once", () => {
    expect(member.user?.toJSON()).toBe(member.payload.user);
  });

  it("a member's image URLs accept options", () => {
    expect(member.avatarUrlWith({ size: 32, animated: true })).toBe(
      `${CDN}/guilds/${GUILD}/users/1100000000000000002/avatars/a_${HASH}.webp?animated=true&size=32`,
    );
    expect(member.bannerUrlWith({ format: "webp" })).toBe(
      `${CDN}/guilds/${GUILD}/users/1100000000000000002/banners/${HASH}.webp`,
    );
    expect(() => GuildMember.from({}, GUILD).avatarUrlWith({ size: 33 as 32 })).toThrow(TypeError);
    expect(() => member.bannerUrlWith({ size: 33 as 32 })).toThrow(TypeError);
  });

  it("a member has defaults for fields that Discord omits", () => {
    const bare = GuildMember.from({}, GUILD);
    expect(bare).toMatchObject({
      guildId: GUILD,
      roles: [],
      isAvatarAnimated: false,
      isTimedOut: false,
      deaf: false,
      mute: false,
      pending: false,
      flags: 0,
    });
    for (const name of [
      "id",
      "user",
      "nick",
      "displayName",
      "avatarHash",
      "avatarUrl",
      "bannerHash",
      "bannerUrl",
      "joinedAt",
      "premiumSince",
      "communicationDisabledUntil",
      "permissions",
    ] as const) {
      expect(bare[name], name).toBeUndefined();
    }
    expect(`${bare}`).toBe("");
    expect(GuildMember.from({ avatar: HASH, banner: HASH }, GUILD)).toMatchObject({
      avatarUrl: undefined,
      bannerUrl: undefined,
    });
  });

  it("a member without a nick is shown by the user's name", () => {
    expect(GuildMember.from({ ...payload, nick: null }, GUILD).displayName).toBe("Mira");
    expect(GuildMember.from({ user: { id: "1", username: "mira" } }, GUILD).displayName).toBe("mira");
  });

  it("a member has its roles and no others", () => {
    expect(member.hasRole("1100000000000000020")).toBe(true);
    expect(member.hasRole("1100000000000000022")).toBe(false);
    expect(GuildMember.from({ roles: ["1", 2, null] }, GUILD).roles).toEqual(["1"]);
    expect(GuildMember.from({ roles: "123" }, GUILD).hasRole("2")).toBe(false);
  });

  it("a member returns a new list of roles each time", () => {
    member.roles.pop();
    expect(member.roles).toHaveLength(2);
  });

  it("a member is timed out until the timeout ends", () => {
    const end = Date.parse("2026-03-01T10:20:30.500Z");
    replaceClock({ now: () => end - 1 });
    expect(member.isTimedOut).toBe(true);
    replaceClock({ now: () => end });
    expect(member.isTimedOut).toBe(false);
  });

  const flagNames = {
    didRejoin: GuildMemberFlags.DidRejoin,
    completedOnboarding: GuildMemberFlags.CompletedOnboarding,
    bypassesVerification: GuildMemberFlags.BypassesVerification,
    startedOnboarding: GuildMemberFlags.StartedOnboarding,
    isGuest: GuildMemberFlags.IsGuest,
    startedHomeActions: GuildMemberFlags.StartedHomeActions,
    completedHomeActions: GuildMemberFlags.CompletedHomeActions,
    automodQuarantinedUsername: GuildMemberFlags.AutomodQuarantinedUsernameOrGuildNickname,
    dmSettingsUpsellAcknowledged: GuildMemberFlags.DmSettingsUpsellAcknowledged,
    automodQuarantinedGuildTag: GuildMemberFlags.AutoModQuarantinedGuildTag,
  } as const;

  it.each(Object.entries(flagNames))("%s is the flag %d alone", (name, flag) => {
    for (const [other, bit] of Object.entries(flagNames)) {
      const member = GuildMember.from({ flags: bit + 2 ** 40 }, GUILD);
      expect(member[name as keyof typeof flagNames], other).toBe(bit === flag);
    }
  });

  it("a member's flags have names, except for deprecated ones", () => {
    const known = Object.values(GuildMemberFlags).filter((flag) => typeof flag === "number");
    expect(known.filter((flag) => !Object.values<number>(flagNames).includes(flag))).toEqual([
      GuildMemberFlags.AutomodQuarantinedBio,
    ]);
  });

  it("a member equals only the same user in the same guild", () => {
    expect(member.equals(GuildMember.from({ user: { id: "1100000000000000002" } }, GUILD))).toBe(true);
    expect(member.equals(GuildMember.from(payload, "1100000000000000009"))).toBe(false);
    expect(member.equals(GuildMember.from({ user: { id: "7" } }, GUILD))).toBe(false);
    expect(member.equals(member.user)).toBe(false);
  });

  it("a member without a known user equals only itself", () => {
    const unknown = GuildMember.from({}, GUILD);
    expect(unknown.equals(unknown)).toBe(true);
    expect(unknown.equals(GuildMember.from({}, GUILD))).toBe(false);
  });

  it.each([null, undefined, [], "1", 5])("no member can be made from %o", (payload) => {
    expect(() => GuildMember.from(payload, GUILD)).toThrow(TypeError);
    expect(() => GuildMember.from(payload, GUILD)).toThrow("A member must be an object");
  });

  it.each(["", "..", 5, undefined])("no member can be made in the guild %o", (guildId) => {
    expect(() => GuildMember.from(payload, guildId as string)).toThrow(
      expect.objectContaining({
        name: "TypeError",
        message: expect.stringContaining("guildId must be"),
        code: "invalid_snowflake",
        status: 400,
      }),
    );
  });
});

it("no payload of a member makes an accessor throw", { timeout: 60_000 }, () => {
  const fields = Object.fromEntries(Object.keys(payload).map((key) => [key, fc.jsonValue({ maxDepth: 1 })]));
  const user = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.record({ id: fc.constantFrom<unknown>("1", 1, null, "x"), username: fc.jsonValue({ maxDepth: 1 }) }),
  );
  const accessors = [GuildMember.prototype, Object.getPrototypeOf(GuildMember.prototype) as object]
    .flatMap((part) => Object.entries(Object.getOwnPropertyDescriptors(part)))
    .filter(([, { get }]) => get)
    .map(([name]) => name as keyof GuildMember);
  expect(accessors.length).toBeGreaterThan(25);
  fc.assert(
    fc.property(fc.record({ ...fields, user }, { requiredKeys: [] }), (payload) => {
      const member = GuildMember.from(payload, GUILD);
      for (const name of accessors) void member[name];
      expect(typeof `${member}`).toBe("string");
      expect(typeof member.hasRole("1")).toBe("boolean");
      expect(member.toJSON()).toEqual(payload);
    }),
    CASES,
  );
});
