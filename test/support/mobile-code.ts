import { createHash, randomBytes } from "node:crypto";
import type { DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";

/** The redirect URI of a mobile app. */
export const DEEP_LINK = "discord-1100000000000000099:/authorize/callback";

/** A code that a mobile app has got, with everything needed to exchange it. */
export interface MobileCode {
  readonly code: string;
  readonly codeVerifier: string;
  readonly redirectUri: string;
}

/** Signs in at Discord like a mobile app. */
export async function mobileCode(
  simulator: DiscordSimulator,
  user: SimulatedUser,
  codeVerifier = randomBytes(32).toString("base64url"),
): Promise<MobileCode> {
  simulator.addRedirectUri(DEEP_LINK);
  const url = new URL("/oauth2/authorize", simulator.url);
  url.search = new URLSearchParams({
    client_id: simulator.options.clientId,
    response_type: "code",
    scope: "identify",
    redirect_uri: DEEP_LINK,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  }).toString();
  const callbackUrl = new URL(await simulator.approve(url.href, { user }));
  return { code: callbackUrl.searchParams.get("code") ?? "", codeVerifier, redirectUri: DEEP_LINK };
}
