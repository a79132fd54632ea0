import type { Config } from "./config.js";

/** Whether pages of this origin are the app's own: where the redirect URI is, or listed in `origins`. */
export function isAllowedOrigin(
  origin: string,
  { redirectUri, origins }: Pick<Config, "redirectUri" | "origins">,
): boolean {
  return origin === new URL(redirectUri).origin || origins.includes(origin);
}
