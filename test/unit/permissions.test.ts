import * as discord from "discord-api-types/v10";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type PermissionFlag,
  type PermissionFlags,
  type PermissionName,
  type PermissionResolvable,
  Permissions,
} from "../../src/index.js";
import { CASES } from "../support/cases.js";

/** discord-api-types writes SendTTSMessages, Discord's documentation SEND_TTS_MESSAGES. */
const documented = Object.entries(discord.PermissionFlagsBits)
  .filter(([name]) => name !== "ManageEmojisAndStickers")
  .map(
    ([name, bit]) =>
      [
        name
          .replace(/([a-z])([A-Z])/g, "$1_$2")
          .replace(/([A-Z])([A-Z][a-z])/g, "$1_$2")
          .toUpperCase() as PermissionName,
        bit,
      ] as const,
  )
  .sort(([, one], [, other]) => (one < other ? -1 : 1));
const documentedNames = documented.map(([name]) => name);

describe("permission names", () => {
  it("permission names are those that Discord documents, in the order of their bits", () => {
    expect(Permissions.all.toArray()).toEqual(documentedNames);
    expect([...Permissions.none].map(([name]) => name)).toEqual(documentedNames);
  });

  it.each(documented)("the permission %s is the bit %d", (name, bit) => {
    expect(new Permissions(name).value).toBe(bit);
    expect(new Permissions(name.toLowerCase()).value).toBe(bit);
    expect(new Permissions(bit).toArray()).toEqual([name]);
  });

  // Bits 0 to 32 in order, in Flask-Discord's names.
  const flaskNames = (
    "create_instant_invite kick_members ban_members administrator manage_channels manage_guild add_reactions view_audit_log " +
    "priority_speaker stream read_messages send_messages send_tts_messages manage_messages embed_links attach_files " +
    "read_message_history mention_everyone external_emojis view_guild_insights connect speak mute_members deafen_members " +
    "move_members use_voice_activation change_nickname manage_nicknames manage_roles manage_webhooks manage_emojis " +
    "use_slash_commands request_to_speak"
  ).split(" ") as PermissionFlag[];

  it.each([
    ...flaskNames.map((name, bit) => [name, bit] as const),
    ["view_channel", 10],
    ["use_external_emojis", 18],
    ["manage_permissions", 28],
  ] as const)("%s is Flask-Discord's name of bit %d", (name, bit) => {
    expect(new Permissions(name).value).toBe(1n << BigInt(bit));
    expect(Permissions.of({ [name]: true }).value).toBe(1n << BigInt(bit));
  });

  it("the compiler checks permission names", () => {
    const names: PermissionFlag[] = ["MANAGE_GUILD", "manage_guild", "read_messages", "bypass_slowmode"];
    // @ts-expect-error: misspelt
    const misspelt: PermissionResolvable = "MANAGE_GULD";
    // @ts-expect-error: no boolean
    const notBoolean: PermissionFlags = { MANAGE_GUILD: 1 };
    expect([names.length, misspelt, notBoolean]).toBeDefined();
  });
});

describe("the constructor of Permissions", () => {
  it.each<[what: string, given: PermissionResolvable | string | undefined, value: bigint]>([
    ["nothing", undefined, 0n],
    ["a bigint", 32n, 32n],
    ["a bigint beyond 64 bits", 2n ** 70n, 2n ** 70n],
    ["a number", 2147483648, 2n ** 31n],
    ["the largest safe integer", Number.MAX_SAFE_INTEGER, 2n ** 53n - 1n],
    ["zero", 0, 0n],
    ["negative zero", -0, 0n],
    ["a decimal string", "2251799813748736", 2251799813748736n],
    ["a decimal string with zeros in front", "0008", 8n],
    ["a name", "MANAGE_GUILD", 32n],
    ["an alias", "read_messages", 1024n],
    ["Permissions", new Permissions(40n), 40n],
    ["an empty list", [], 0n],
    [
      "a list of everything",
      ["KICK_MEMBERS", "ban_members", 8n, 32, "64", Permissions.stage, ["CONNECT"]],
      4296015982n,
    ],
  ])("Permissions can be made from %s", (_, given, value) => {
    expect(new Permissions(given).value).toBe(value);
  });

  it.each<[given: unknown, message: string | RegExp]>([
    [-1n, /not -1n\./],
    [-1, /not -1\./],
    [1.5, /not 1\.5\./],
    [Number.NaN, /not NaN\./],
    [2 ** 53, /not 9007199254740992\./],
    [Number.POSITIVE_INFINITY, /not Infinity\./],
    [
      null,
      'Permissions must be a bigint, a safe integer, a decimal string, a name such as "MANAGE_GUILD", Permissions, or a list of these, not null.',
    ],
    [true, /not true\./],
    [{}, /not an object\./],
    [{ value: 8 }, /not an object\./],
    [{ value: -8n }, /not an object\./],
    [Symbol("8"), /not a symbol\./],
    [[8, null], /not null\./],
    ["", '"" is not a permission. Use a name such as "MANAGE_GUILD".'],
    ["-1", '"-1" is not a permission. Use a name such as "MANAGE_GUILD".'],
    ["0x8", '"0x8" is not a permission. Use a name such as "MANAGE_GUILD".'],
    [" 8", '" 8" is not a permission. Use a name such as "MANAGE_GUILD".'],
    ["constructor", '"constructor" is not a permission. Use a name such as "MANAGE_GUILD".'],
    ["__proto__", '"__proto__" is not a permission. Use a name such as "MANAGE_GUILD".'],
    ["9".repeat(1_000_000), /^"9{100}\.\.\." is not a permission\./],
    ["MANAGE_SERVER\n\u202e", '"MANAGE_SERVER\\n\\u202e" is not a permission.'],
    ["ADMINSTRATOR", "Did you mean ADMINISTRATOR?"],
    ["ManageGuild", '"ManageGuild" is not a permission. Did you mean MANAGE_GUILD?'],
    ["manageGuild", '"manageGuild" is not a permission. Did you mean MANAGE_GUILD?'],
    ["Manage guild", '"Manage guild" is not a permission. Did you mean MANAGE_GUILD?'],
    ["x".repeat(1000), `"${"x".repeat(100)}..." is not a permission. Use a name such as "MANAGE_GUILD".`],
  ])("Permissions refuse $0", (given, message) => {
    const construct = () => new Permissions(given as bigint);
    expect(construct).toThrow(TypeError);
    expect(construct).toThrow(message);
  });

  it("Permissions refuse lists that contain themselves or are nested too deep", () => {
    const circular: unknown[] = ["KICK_MEMBERS"];
    circular.push(circular);
    const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 8n);
    for (const given of [circular, deep]) {
      const construct = () => new Permissions(given as bigint);
      expect(construct).toThrow(TypeError);
      expect(construct).toThrow("not lists nested 10 deep.");
    }
  });

  it("Permissions accept an instance of another copy of the class", () => {
    const foreign = { value: 8n } as Permissions;
    expect(new Permissions(foreign).value).toBe(8n);
    expect(new Permissions(8n).equals(foreign)).toBe(true);
  });

  it("the constructor of Permissions throws only TypeErrors, whatever it is given", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withBigInt: true }), fc.string()), (given) => {
        try {
          expect(typeof new Permissions(given as bigint).value).toBe("bigint");
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      CASES,
    );
  });

  it("an instance of Permissions cannot be changed", () => {
    const permissions = new Permissions(8n);
    expect(() => Object.assign(permissions, { value: 0n })).toThrow(TypeError);
    expect(permissions.value).toBe(8n);
  });
});

describe("Permissions.of", () => {
  it("Permissions.of sets the flags that are true", () => {
    expect(Permissions.of({}).value).toBe(0n);
    expect(Permissions.of({ MANAGE_GUILD: true, KICK_MEMBERS: false, BYPASS_SLOWMODE: true }).value).toBe(
      (1n << 5n) | (1n << 52n),
    );
  });

  it.each<[flags: unknown, message: string]>([
    [{ MANAGE_GULD: true }, '"MANAGE_GULD" is not a permission.'],
    [{ ManageGuild: true }, "Did you mean MANAGE_GUILD?"],
    [{ toString: true }, '"toString" is not a permission.'],
    [JSON.parse('{"__proto__": true}'), '"__proto__" is not a permission.'],
    [{ MANAGE_GUILD: 1 }, "The permission MANAGE_GUILD must be true or false, not 1."],
    [{ MANAGE_GUILD: "yes" }, 'The permission MANAGE_GUILD must be true or false, not "yes".'],
    [{ MANAGE_GUILD: null }, "The permission MANAGE_GUILD must be true or false, not null."],
    [{ MANAGE_GUILD: undefined }, "must be true or false, not undefined."],
    [null, "The flags must be an object such as { MANAGE_GUILD: true }, not null."],
    [undefined, "not undefined."],
    ["MANAGE_GUILD", 'not "MANAGE_GUILD".'],
    [["MANAGE_GUILD"], 'not ["MANAGE_GUILD"].'],
  ])("Permissions.of refuses %o", (flags, message) => {
    const build = () => Permissions.of(flags as PermissionFlags);
    expect(build).toThrow(TypeError);
    expect(build).toThrow(message);
  });
});

describe("Permissions.update", () => {
  const permissions = new Permissions(["KICK_MEMBERS", "MANAGE_GUILD", 1n << 60n]);

  it("Permissions.update sets and clears flags in a copy", () => {
    const updated = permissions.update({ KICK_MEMBERS: false, manage_guild: true, CONNECT: true });
    expect(updated.value).toBe((1n << 5n) | (1n << 20n) | (1n << 60n));
    expect(permissions.value).toBe(2n | (1n << 5n) | (1n << 60n));
  });

  it("Permissions.update ignores unknown permission names", () => {
    expect(permissions.update({ NOT_YET_KNOWN: "x", CONNECT: true } as PermissionFlags).has("CONNECT")).toBe(
      true,
    );
  });

  it("Permissions.update refuses a value that is not a boolean", () => {
    expect(() => permissions.update({ CONNECT: 1 } as unknown as PermissionFlags)).toThrow(TypeError);
  });
});

describe("has, hasAny and missing", () => {
  const member = new Permissions(["VIEW_CHANNEL", "SEND_MESSAGES"]);
  const administrator = new Permissions("ADMINISTRATOR");

  it.each<
    [who: string, permissions: Permissions, wanted: PermissionResolvable, has: boolean, hasAny: boolean]
  >([
    ["a member", member, "VIEW_CHANNEL", true, true],
    ["a member", member, ["VIEW_CHANNEL", "send_messages"], true, true],
    ["a member", member, ["VIEW_CHANNEL", "CONNECT"], false, true],
    ["a member", member, "CONNECT", false, false],
    ["a member", member, 1n << 60n, false, false],
    ["a member", member, [], true, false],
    ["an administrator", administrator, "CONNECT", true, true],
    ["an administrator", administrator, Permissions.all, true, true],
    ["an administrator", administrator, 1n << 60n, true, true],
    ["an administrator", administrator, [], true, false],
    ["nobody", Permissions.none, "CONNECT", false, false],
  ])("Permissions.has and hasAny are correct for %s", (_, permissions, wanted, has, hasAny) => {
    expect(permissions.has(wanted)).toBe(has);
    expect(permissions.hasAny(wanted)).toBe(hasAny);
  });

  it("the option exact ignores what ADMINISTRATOR implies", () => {
    expect(administrator.has("CONNECT", { exact: true })).toBe(false);
    expect(administrator.has("ADMINISTRATOR", { exact: true })).toBe(true);
    expect(administrator.hasAny(["CONNECT", "SPEAK"], { exact: true })).toBe(false);
    expect(administrator.hasAny(["CONNECT", "ADMINISTRATOR"], { exact: true })).toBe(true);
    expect(administrator.missing(["CONNECT", "ADMINISTRATOR"], { exact: true }).toArray()).toEqual([
      "CONNECT",
    ]);
    expect(administrator.has("CONNECT", { exact: undefined })).toBe(true);
  });

  it("Permissions.missing returns the permissions that are missing", () => {
    expect(member.missing(["VIEW_CHANNEL", "CONNECT", "BAN_MEMBERS"]).toArray()).toEqual([
      "BAN_MEMBERS",
      "CONNECT",
    ]);
    expect(member.missing(1n << 60n).value).toBe(1n << 60n);
    expect(administrator.missing(Permissions.all).value).toBe(0n);
  });

  it.each(["has", "hasAny", "missing"] as const)("Permissions.%s refuses a misspelt name", (method) => {
    expect(() => administrator[method]("MANAGE_GULD" as PermissionName)).toThrow(TypeError);
  });
});

describe("arithmetic", () => {
  const permissions = new Permissions(["KICK_MEMBERS", "BAN_MEMBERS"]);

  it("Permissions.with, without and handleOverwrite work on a copy", () => {
    expect(permissions.with("CONNECT").toArray()).toEqual(["KICK_MEMBERS", "BAN_MEMBERS", "CONNECT"]);
    expect(permissions.without(["BAN_MEMBERS", "SPEAK"]).toArray()).toEqual(["KICK_MEMBERS"]);
    expect(
      permissions.handleOverwrite(["CONNECT", "BAN_MEMBERS"], ["BAN_MEMBERS", "KICK_MEMBERS"]).toArray(),
    ).toEqual(["BAN_MEMBERS", "CONNECT"]);
    expect(permissions.toArray()).toEqual(["KICK_MEMBERS", "BAN_MEMBERS"]);
  });

  it("Permissions.handleOverwrite accepts an overwrite as Discord sends it", () => {
    const overwrite: { allow: string; deny: string } = { allow: "1048576", deny: "2" };
    expect(permissions.handleOverwrite(overwrite.allow, overwrite.deny).toArray()).toEqual([
      "BAN_MEMBERS",
      "CONNECT",
    ]);
  });

  it.each<[other: PermissionResolvable, subset: boolean, superset: boolean, same: boolean]>([
    [["KICK_MEMBERS", "BAN_MEMBERS"], true, true, true],
    [["KICK_MEMBERS", "BAN_MEMBERS", "CONNECT"], true, false, false],
    ["KICK_MEMBERS", false, true, false],
    ["CONNECT", false, false, false],
    ["ADMINISTRATOR", false, false, false],
    [0n, false, true, false],
  ])("Permissions compare correctly with %s", (other, subset, superset, same) => {
    expect(permissions.isSubset(other)).toBe(subset);
    expect(permissions.isSuperset(other)).toBe(superset);
    expect(permissions.isStrictSubset(other)).toBe(subset && !same);
    expect(permissions.isStrictSuperset(other)).toBe(superset && !same);
    expect(permissions.equals(new Permissions(other))).toBe(same);
  });

  it.each(["isSubset", "isSuperset", "isStrictSubset", "isStrictSuperset"] as const)(
    "Permissions.%s refuses a value that is not permissions",
    (method) => {
      expect(() => permissions[method](null as unknown as bigint)).toThrow(TypeError);
    },
  );

  it.each([null, undefined, 6, 6n, "6", {}, []])("Permissions do not equal %o", (other) => {
    expect(permissions.equals(other)).toBe(false);
  });

  const bits = fc.bigInt({ min: 0n, max: 2n ** 70n });

  it("arithmetic of Permissions is that of sets, for any bits", () => {
    fc.assert(
      fc.property(bits, bits, bits, (a, b, c) => {
        const one = new Permissions(a);
        const wanted = one.missing(b, { exact: true });
        expect(one.with(b).value).toBe(a | b);
        expect(one.with(b).isSuperset(one)).toBe(true);
        expect(one.without(b).hasAny(b, { exact: true })).toBe(false);
        expect(one.without(b).with(one).equals(one)).toBe(true);
        expect(one.has(b, { exact: true })).toBe(wanted.value === 0n);
        expect(one.has(b)).toBe(one.missing(b).value === 0n);
        expect(one.with(wanted).has(b)).toBe(true);
        expect(one.isSubset(b)).toBe(new Permissions(b).isSuperset(one));
        expect(one.isStrictSubset(b)).toBe(one.isSubset(b) && !one.isSuperset(b));
        expect(one.isStrictSuperset(b)).toBe(one.isSuperset(b) && !one.isSubset(b));
        expect(one.handleOverwrite(b, c).value).toBe((a & ~c) | b);
      }),
      CASES,
    );
  });

  it("every written form of Permissions can be read back", () => {
    fc.assert(
      fc.property(bits, (value) => {
        const permissions = new Permissions(value);
        expect(new Permissions(permissions.toString()).equals(permissions)).toBe(true);
        expect(new Permissions(JSON.parse(JSON.stringify(permissions)) as string).equals(permissions)).toBe(
          true,
        );
        expect(Permissions.of(Object.fromEntries(permissions)).toArray()).toEqual(permissions.toArray());
        expect(new Permissions(permissions.toArray()).value).toBe(value & Permissions.all.value);
      }),
      CASES,
    );
  });
});

describe("written forms", () => {
  it("the written forms keep bits that have no name", () => {
    const permissions = new Permissions((1n << 60n) | 8n);
    expect(permissions.toString()).toBe("1152921504606846984");
    expect(`${permissions}`).toBe("1152921504606846984");
    expect(JSON.stringify({ permissions })).toBe('{"permissions":"1152921504606846984"}');
    expect(permissions.without("ADMINISTRATOR").value).toBe(1n << 60n);
    expect(permissions.toArray()).toEqual(["ADMINISTRATOR"]);
  });

  it("iterating over Permissions gives every name once, and whether it is set", () => {
    const pairs = [...new Permissions(["MANAGE_ROLES", "CREATE_INSTANT_INVITE"])];
    expect(pairs).toHaveLength(52);
    expect(pairs.filter(([, set]) => set)).toEqual([
      ["CREATE_INSTANT_INVITE", true],
      ["MANAGE_ROLES", true],
    ]);
  });
});

describe("presets", () => {
  it.each([
    ["none", 0n],
    ["allChannel", 3019374417n],
    ["general", 1879573680n],
    ["membership", 201326599n],
    ["text", 2148005952n],
    ["voice", 66061056n],
    ["stage", 4294967296n],
    ["stageModerator", 4315938816n],
    ["advanced", 8n],
  ] as const)("Permissions.%s is %d, as in Flask-Discord", (preset, value) => {
    expect(Permissions[preset].value).toBe(value);
  });

  it("Permissions.all is every documented bit, including those of Flask-Discord", () => {
    expect(Permissions.all.value).toBe(documented.reduce((value, [, bit]) => value | bit, 0n));
    expect(Permissions.all.isStrictSuperset(8589934591n)).toBe(true);
  });
});
