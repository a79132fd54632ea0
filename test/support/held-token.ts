import type { HeldToken } from "../../src/index.js";
import type { DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";

export const SCOPES = ["identify", "guilds"];

/** Issues a token that the app stores itself. */
export function issue(
  simulator: DiscordSimulator,
  user: SimulatedUser,
  scopes: readonly string[] = SCOPES,
): HeldToken {
  const { access_token, refresh_token, expires_in } = simulator.issueToken(user, scopes);
  return {
    accessToken: access_token,
    refreshToken: refresh_token,
    scopes,
    expiresAt: Date.now() + expires_in * 1000,
  };
}
