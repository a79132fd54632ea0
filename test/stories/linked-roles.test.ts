import { ApplicationRoleConnectionMetadataType } from "discord-api-types/v10";
import { describe, expect, it } from "vitest";
import type { RoleConnection, RoleConnectionMetadata, RoleConnectionUpdate } from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const SCOPES = ["identify", "role_connections.write"];

async function startLinked(
  createApp: (typeof LATEST_EXPRESS)[number][1],
  update: RoleConnectionUpdate,
  scopes: readonly string[] = SCOPES,
) {
  return startSignedIn(createApp, {
    scopes,
    routes(to, discord) {
      to.get(
        "/link",
        forward(async (req, res) => void res.json(await discord.fetchRoleConnection(req))),
      );
      to.post(
        "/link",
        forward(async (req, res) => void res.json(await discord.updateRoleConnection(req, update))),
      );
      to.post(
        "/unlink",
        forward(async (req, res) => void res.json((await discord.deleteRoleConnection(req)) ?? null)),
      );
    },
  });
}

describe.each(LATEST_EXPRESS)("linked roles on %s", (_name, createApp) => {
  it("linked roles accept values of every kind, with booleans and dates as Discord wants them", async () => {
    const { browser, simulator } = await startLinked(createApp, {
      platformName: "My Game",
      platformUsername: "mira",
      metadata: {
        wins: 12,
        verified: true,
        banned: false,
        since: new Date(Date.UTC(2024, 0, 2, 3, 4, 5)),
        rank: "gold",
      },
    });
    const linked = {
      platformName: "My Game",
      platformUsername: "mira",
      metadata: { wins: "12", verified: "1", banned: "0", since: "2024-01-02T03:04:05.000Z", rank: "gold" },
    };

    expect((await browser.post("/link")).json<RoleConnection>()).toEqual(linked);
    expect((await browser.get("/link")).json<RoleConnection>()).toEqual(linked);
    expect(simulator.requestsTo("PUT /users/@me/applications/:id/role-connection")[0]?.json).toEqual({
      platform_name: "My Game",
      platform_username: "mira",
      metadata: linked.metadata,
    });
  });

  it("an update clears the linked role values it leaves out, and can remove them all", async () => {
    const { browser } = await startLinked(createApp, { platformName: "My Game" });

    expect((await browser.post("/link")).json()).toEqual({ platformName: "My Game", metadata: {} });
    expect((await browser.post("/unlink")).json()).toBeNull();
    expect((await browser.get("/link")).json()).toEqual({ metadata: {} });
  });

  it("the error of linked roles names the missing scope", async () => {
    const { browser, simulator } = await startLinked(createApp, {}, ["identify"]);

    for (const answer of [
      await browser.get("/link"),
      await browser.post("/link"),
      await browser.post("/unlink"),
    ])
      expect(failureOf(answer)).toBe("403 missing_scopes");
    expect(simulator.requests).toEqual([]);
  });

  it("linked roles pass on Discord's validation errors", async () => {
    const { app, browser, simulator } = await startLinked(createApp, { platformName: "My Game" });
    const route = "PUT /users/@me/applications/:id/role-connection";
    simulator.answer(route, () => ({ status: 400, body: { message: "Invalid Form Body", code: 50035 } }));

    expect(failureOf(await browser.post("/link"))).toBe("400 discord_error");
    expect(app.errors.at(-1)).toMatchObject({ discordCode: 50035, method: "PUT" });
  });

  it.each<[string, RoleConnectionUpdate, string]>([
    ["a platform's name", { platformName: "x".repeat(51) }, "platformName must be a string of 0 to 50 char"],
    ["a user's name", { platformUsername: "x".repeat(101) }, "platformUsername must be a string of 0 to 100"],
    ["a value", { metadata: { rank: "x".repeat(101) } }, "metadata.rank must be a string of 1 to 100"],
    ["an empty value", { metadata: { rank: "" } }, "metadata.rank must be a string of 1 to 100 characters"],
    ["a key", { metadata: { "Games Won": 1 } }, "A key of metadata must be 1 to 50 of the characters a-z"],
    [
      "the number of values",
      { metadata: { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1 } },
      "metadata has 6 values, but Discord accepts up to 5.",
    ],
  ])("linked roles that Discord would refuse are not sent: %s", async (_what, update, message) => {
    const { app, browser, simulator } = await startLinked(createApp, update);

    expect((await browser.post("/link")).status).toBe(500);

    expect(String(app.errors.at(-1))).toContain(`TypeError: updateRoleConnection: ${message}`);
    expect(simulator.requests).toEqual([]);
  });

  it("values of linked roles may be as long as Discord allows, which counts an emoji as one character", async () => {
    const { browser, simulator } = await startLinked(createApp, {
      platformName: "😀".repeat(25),
      platformUsername: "x".repeat(100),
      metadata: { ["k".repeat(50)]: "x".repeat(100) },
    });

    expect((await browser.post("/link")).status).toBe(200);
    expect(simulator.requests).toHaveLength(1);
  });

  it("a login for linked roles omits PKCE, which Discord refuses together with their scope", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, { discord: { scopes: SCOPES } });

    const { location = "" } = await app.browser().get("/login");

    expect(new URL(location).searchParams.has("code_challenge")).toBe(false);
    expect((await app.browser().signIn("/login", { user: simulator.addUser() })).status).toBe(200);
  });

  it("the bot token registers and reads linked roles", async () => {
    const simulator = await startSimulator();
    const { discord } = await startApp(createApp, simulator);
    const records: RoleConnectionMetadata[] = [
      {
        key: "wins",
        name: "Wins",
        description: "At least this many",
        type: ApplicationRoleConnectionMetadataType.IntegerGreaterThanOrEqual,
      },
    ];

    expect(await discord.registerRoleConnectionMetadata(records)).toEqual(records);
    expect(await discord.fetchRoleConnectionMetadata()).toEqual(records);
    expect(await discord.registerRoleConnectionMetadata([])).toEqual([]);
    expect(simulator.requests.map(({ method, authorization }) => `${authorization} ${method}`)).toEqual([
      "Bot PUT",
      "Bot GET",
      "Bot PUT",
    ]);
  });

  const WINS: RoleConnectionMetadata = {
    key: "wins",
    name: "Wins",
    description: "At least this many",
    type: ApplicationRoleConnectionMetadataType.IntegerGreaterThanOrEqual,
  };

  it.each<[string, unknown, string]>([
    [
      "six records",
      "abcdef".split("").map((key) => ({ ...WINS, key })),
      "Discord accepts up to 5 records, not 6.",
    ],
    [
      "a key",
      [{ ...WINS, key: "Games Won" }],
      "records[0].key must be 1 to 50 of the characters a-z, 0-9 and _",
    ],
    ["a long key", [{ ...WINS, key: "k".repeat(51) }], "records[0].key must be 1 to 50 of the characters"],
    ["the same key twice", [WINS, WINS], "Two records have the key wins."],
    [
      "a long name",
      [WINS, { ...WINS, key: "b", name: "x".repeat(101) }],
      "records[1].name must be a string of 1 to 100",
    ],
    ["no name", [{ ...WINS, name: "" }], "records[0].name must be a string of 1 to 100 characters"],
    [
      "a long description",
      [{ ...WINS, description: "x".repeat(201) }],
      "records[0].description must be a string of 1 to 200",
    ],
    ["no description", [{ ...WINS, description: undefined }], "records[0].description is missing"],
    [
      "a type",
      [{ ...WINS, type: "integer" }],
      "records[0].type must be a value of ApplicationRoleConnection",
    ],
    ["a misspelt name", [{ ...WINS, desciption: "x" }], "did you mean records[0].description?"],
    ["a record alone", WINS, "records must be a list"],
    ["a list of keys", ["wins"], "records[0] must be an object such as { key"],
  ])(
    "no linked role is registered with values that Discord would refuse: %s",
    async (_what, records, message) => {
      const simulator = await startSimulator();
      const { discord } = await startApp(createApp, simulator);

      const registering = discord.registerRoleConnectionMetadata(records as RoleConnectionMetadata[]);

      await expect(registering).rejects.toThrow(TypeError);
      await expect(registering).rejects.toThrow(message);
      expect(simulator.requests).toEqual([]);
    },
  );
});
