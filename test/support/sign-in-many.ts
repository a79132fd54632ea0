import { randomUUID } from "node:crypto";
import { now } from "../../src/clock.js";
import type { Browser, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { forward, type TestApp } from "./app.js";

/** Signs users in without Discord's pages, which would take most of the time of a test with hundreds of visitors. */
export function signInMany(
  { app, discord, browser }: TestApp,
  simulator: DiscordSimulator,
  users: readonly SimulatedUser[],
  scopes: readonly string[] = ["identify"],
): Promise<Browser[]> {
  const path = `/${randomUUID()}`;
  app.post(
    `${path}/:index`,
    forward(async (req, res) => {
      const user = users[Number(req.params["index"])] as SimulatedUser;
      const { access_token, refresh_token, expires_in } = simulator.issueToken(user, scopes);
      await discord.saveAuthorizationToken(req, {
        id: randomUUID(),
        accessToken: access_token,
        refreshToken: refresh_token,
        scopes,
        issuedAt: now(),
        expiresAt: now() + 1000 * expires_in,
        userId: user.id,
      });
      res.end();
    }),
  );
  return Promise.all(
    users.map(async (_user, index) => {
      const visitor = browser();
      await visitor.post(`${path}/${index}`);
      return visitor;
    }),
  );
}
