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
    const { app, browser } = await startLinked(createApp, { platformName: "x".repeat(51) });

    expect(failureOf(await browser.post("/link"))).toBe("400 discord_error");
    expect(app.errors.at(-1)).toMatchObject({ discordCode: 50035, method: "PUT" });
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
});
