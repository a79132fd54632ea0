import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Integration } from "../../../src/models/integration.js";
import { UserConnection } from "../../../src/models/user-connection.js";
import { CASES } from "../../support/cases.js";

const payload = {
  id: "76561190000000000",
  name: "mira",
  type: "steam",
  revoked: true,
  integrations: [
    {
      id: "twitch-partners",
      type: "twitch",
      account: { id: "1", name: "a" },
      guild: { id: "2", name: "b", icon: null },
    },
  ],
  verified: true,
  friend_sync: true,
  show_activity: true,
  two_way_link: true,
  visibility: 1,
};

describe("connections", () => {
  const connection = UserConnection.from(payload);

  it("a connection reads every field", () => {
    expect(connection).toMatchObject({
      id: "76561190000000000",
      name: "mira",
      type: "steam",
      revoked: true,
      verified: true,
      friendSync: true,
      showActivity: true,
      twoWayLink: true,
      visibility: 1,
      isVisible: true,
    });
    expect(connection.integrations).toHaveLength(1);
    expect(connection.integrations[0]).toBeInstanceOf(Integration);
    expect(connection.integrations[0]?.guild?.name).toBe("b");
    expect(`${connection}`).toBe("mira");
  });

  it("a connection keeps an integration in memory once", () => {
    const [integration] = connection.integrations;
    expect(integration?.toJSON()).toBe(connection.payload.integrations?.[0]);
    expect(integration?.guild?.toJSON()).toBe(integration?.payload.guild);
  });

  it("a connection has defaults for fields that Discord omits", () => {
    const bare = UserConnection.from({ id: "x" });
    expect(bare).toMatchObject({
      type: "",
      revoked: false,
      integrations: [],
      verified: false,
      friendSync: false,
      showActivity: false,
      twoWayLink: false,
      isVisible: false,
    });
    expect(bare.name).toBeUndefined();
    expect(bare.visibility).toBeUndefined();
    expect(`${bare}`).toBe("x");
  });

  it.each<[visibility: unknown, isVisible: boolean]>([
    [0, false],
    [1, true],
    [2, true],
    [null, false],
    ["1", false],
  ])("a connection with visibility %o is visible: %s", (visibility, isVisible) => {
    expect(UserConnection.from({ id: "x", visibility }).isVisible).toBe(isVisible);
  });

  it("a connection skips invalid integrations", () => {
    const of = (integrations: unknown) => UserConnection.from({ id: "x", integrations }).integrations;
    expect(of([null, 5, [], {}, { id: 5 }, { id: "" }, { id: "7" }]).map(({ id }) => id)).toEqual(["7"]);
    expect(of(null)).toEqual([]);
    expect(of({ 0: { id: "7" } })).toEqual([]);
  });

  it("a connection equals only the same account at the same service", () => {
    expect(connection.equals(connection)).toBe(true);
    expect(connection.equals(UserConnection.from({ id: payload.id, type: "steam" }))).toBe(true);
    expect(connection.equals(UserConnection.from({ id: payload.id, type: "xbox" }))).toBe(false);
    expect(connection.equals(UserConnection.from({ id: "7", type: "steam" }))).toBe(false);
    expect(connection.equals(payload)).toBe(false);
  });

  it.each([null, [], "1", {}, { id: 1 }, { id: "" }, { id: null }])(
    "no connection can be made from %o",
    (payload) => {
      expect(() => UserConnection.from(payload)).toThrow(TypeError);
      expect(() => UserConnection.from(payload)).toThrow("A connection must be an object");
    },
  );
});

it("no payload of a connection makes an accessor throw", { timeout: 60_000 }, () => {
  const fields = Object.fromEntries(Object.keys(payload).map((key) => [key, fc.jsonValue({ maxDepth: 1 })]));
  const integrations = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(
      fc.record(
        { id: fc.jsonValue({ maxDepth: 1 }), guild: fc.jsonValue({ maxDepth: 1 }) },
        { requiredKeys: [] },
      ),
    ),
  );
  const accessors = Object.entries(Object.getOwnPropertyDescriptors(UserConnection.prototype))
    .filter(([, { get }]) => get)
    .map(([name]) => name as keyof UserConnection);
  expect(accessors.length).toBeGreaterThan(9);
  fc.assert(
    fc.property(
      fc.record({ ...fields, integrations, id: fc.string({ minLength: 1 }) }, { requiredKeys: ["id"] }),
      (payload) => {
        const connection = UserConnection.from(payload);
        for (const name of accessors) void connection[name];
        expect(typeof `${connection}`).toBe("string");
        expect(connection.toJSON()).toEqual(payload);
      },
    ),
    CASES,
  );
});
