import type { Config } from "./config.js";

/** Whether an origin belongs to the app: it is the redirect URI's, or one of the option `origins`. */
export function isAllowedOrigin(
  origin: string,
  { redirectUri, origins }: Pick<Config, "redirectUri" | "origins">,
): boolean {
  return origin === new URL(redirectUri).origin || origins.includes(origin);
}
