import type { Request } from "express";
import { describe, expect, it } from "vitest";
import { type DiscordOAuth2Session, isSnowflake } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { startSignedIn } from "../support/signed-in.js";

describe.each(LATEST_EXPRESS)("on %s", (_name, createApp) => {
  it("an id from a visitor that is not checked can change the route of a bot call", async () => {
    const { simulator, guild, visit } = await startServersPage(createApp, () => true);
    await visit(`/servers/${guild.id}%2Fmembers%2F1`);
    expect(simulator.requestsTo(`GET /guilds/${guild.id}/members/1/roles`)).toHaveLength(1);
  });

  it.each(["%2Fmembers%2F1", "%2F..", "%3Flimit=1", "x"])(
    "isSnowflake refuses an id that ends in %j, so no bot route is called",
    async (suffix) => {
      const { simulator, guild, visit } = await startServersPage(createApp, isSnowflake);
      expect(await visit(`/servers/${guild.id}${suffix}`)).toBe(404);
      expect(simulator.requests).toEqual([]);
    },
  );

  it("isSnowflake accepts an id of Discord in a bot route", async () => {
    const { simulator, guild, visit } = await startServersPage(createApp, isSnowflake);
    expect(await visit(`/servers/${guild.id}`)).toBe(200);
    expect(simulator.requestsTo(`GET /guilds/${guild.id}/roles`)).toHaveLength(1);
  });
});

async function startServersPage(
  createApp: (typeof LATEST_EXPRESS)[number][1],
  accepts: (id: unknown) => boolean,
) {
  const roles = (discord: DiscordOAuth2Session, req: Request) =>
    discord.botRequest(`/guilds/${req.params["id"]}/roles`);
  const { simulator, browser } = await startSignedIn(createApp, {
    routes(app, discord) {
      app.get(
        "/servers/:id",
        forward(async (req, res) => {
          if (!accepts(req.params["id"])) res.sendStatus(404);
          else res.json(await roles(discord, req));
        }),
      );
    },
  });
  const guild = simulator.addGuild();
  return { simulator, guild, visit: async (path: string) => (await browser.get(path)).status };
}
