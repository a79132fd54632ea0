import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Guild } from "../../../src/models/guild.js";
import { GuildMember } from "../../../src/models/guild-member.js";
import { Integration } from "../../../src/models/integration.js";
import { dateOf, numberOf } from "../../../src/models/model.js";
import { User } from "../../../src/models/user.js";
import { UserConnection } from "../../../src/models/user-connection.js";
import { CASES } from "../../support/cases.js";

const kinds = [
  ["User", (payload: unknown) => User.from(payload)],
  ["Guild", (payload: unknown) => Guild.from(payload)],
  ["UserConnection", (payload: unknown) => UserConnection.from(payload)],
  ["Integration", (payload: unknown) => Integration.from(payload)],
  ["GuildMember", (payload: unknown) => GuildMember.from(payload, "1")],
] as const;

/** JSON as Discord sends it, with a field named `__proto__`. */
const wire =
  '{"id": "1", "new": {"list": [1, {"x": "y"}], "nothing": null}, "__proto__": {"polluted": true}}';

describe.each(kinds)("%s", (kind, from) => {
  const name = `${kind === "Integration" ? "an" : "a"} ${kind}`;

  it(`${name} keeps the payload untouched, including unknown fields`, () => {
    const model = from(JSON.parse(wire));
    expect(model.toJSON()).toStrictEqual(JSON.parse(wire));
    expect(JSON.parse(JSON.stringify({ model }))).toStrictEqual({ model: JSON.parse(wire) });
    expect("polluted" in model.payload).toBe(false);
  });

  it(`${name} cannot be changed from outside`, () => {
    const payload = JSON.parse(wire);
    const model = from(payload);
    payload.id = "2";
    payload.new.list.push("more");
    expect(model.toJSON()).toStrictEqual(JSON.parse(wire));
    const kept = model.toJSON() as unknown as typeof payload;
    expect(() => {
      kept.id = "2";
    }).toThrow(TypeError);
    expect(() => kept.new.list.push("more")).toThrow(TypeError);
    expect(() => {
      kept.new.list[1].x = "z";
    }).toThrow(TypeError);
    expect(model.toJSON()).toStrictEqual(JSON.parse(wire));
  });

  it(`${name} does not change the object it is made of`, () => {
    const payload = JSON.parse(wire);
    from(payload);
    expect([payload, payload.new, payload.new.list].some(Object.isFrozen)).toBe(false);
  });

  it(`${name} shares a deeply frozen payload, but not a shallowly frozen one`, () => {
    const model = from(JSON.parse(wire));
    expect(from(model.toJSON()).toJSON()).toBe(model.toJSON());
    const shallow = Object.freeze(JSON.parse(wire));
    const other = from(shallow);
    shallow.new.list.push("more");
    expect(other.toJSON()).toStrictEqual(JSON.parse(wire));
  });

  it(`${name} is compared with its whole payload by tests`, () => {
    const [one, other] = [from({ id: "1", name: "one" }), from({ id: "1", name: "other" })];
    expect(one).not.toEqual(other);
    expect(one).toEqual(from({ id: "1", name: "one" }));
  });

  it(`${name} cannot be made from something that is not an object`, () => {
    for (const payload of [null, undefined, "x", 5, true, 5n, Symbol("x"), [], () => {}]) {
      expect(() => from(payload)).toThrow(TypeError);
    }
  });

  it(`${name} refuses a payload nested too deep with a TypeError`, () => {
    const deep = (levels: number) => JSON.parse(`{"id":"1","x":${"[".repeat(levels)}${"]".repeat(levels)}}`);
    expect(from(deep(64)).toJSON()).toStrictEqual(deep(64));
    expect(() => from(deep(65))).toThrow("A payload must not be nested more than 64 levels deep.");
    expect(() => from(deep(100_000))).toThrow(TypeError);
    const round: Record<string, unknown> = { id: "1" };
    round["self"] = round;
    expect(() => from(round)).toThrow(TypeError);
  });

  it(`making ${name} throws only TypeErrors, whatever the JSON`, { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.dictionary(fc.string(), fc.jsonValue())),
        fc.boolean(),
        (json, withId) => {
          const payload = withId && typeof json === "object" ? { ...json, id: "1" } : json;
          try {
            expect(from(payload).toJSON()).toEqual(payload);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            expect(withId && typeof json === "object").toBe(false);
          }
        },
      ),
      CASES,
    );
  });
});

it.each<[value: unknown, iso: string | undefined]>([
  ["2021-01-23T02:33:17.017000+00:00", "2021-01-23T02:33:17.017Z"],
  ["2024-03-01T10:20:30+00:00", "2024-03-01T10:20:30.000Z"],
  ["2024-03-01T10:20:30Z", "2024-03-01T10:20:30.000Z"],
  ["2024-03-01T12:20:30+02:00", "2024-03-01T10:20:30.000Z"],
  ["2024-13-01T10:20:30Z", undefined],
  ["1", undefined],
  ["tomorrow", undefined],
  ["", undefined],
  [1_700_000_000_000, undefined],
  [null, undefined],
])("the timestamp %o is read as %s", (value, iso) => {
  expect(dateOf(value)?.toISOString()).toBe(iso);
});

it("numberOf accepts only finite numbers", () => {
  expect([0, 1.5, JSON.parse("1e999"), "1", null].map(numberOf)).toEqual([
    0,
    1.5,
    undefined,
    undefined,
    undefined,
  ]);
});

it("from says how to call it when it is passed on without its class", () => {
  expect(() => [{ id: "1" }].map(User.from as never)).toThrow(
    new TypeError("from must be called on its class, as in payloads.map((payload) => User.from(payload))."),
  );
});
