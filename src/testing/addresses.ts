import type { Discord } from "./discord.js";

/** Returns the URL by which others reach the simulator. */
export function publicUrlOf({ publicUrl, url }: Pick<Discord, "publicUrl" | "url">): string {
  return publicUrl ?? url;
}

/** Returns the issuer in redirects and id tokens. */
export function issuerOf(discord: Discord): string {
  return discord.behaviour.issuer ?? publicUrlOf(discord);
}

/**
 * Returns the base URL of the endpoints in the metadata documents. It is never a local URL that differs from the
 * issuer.
 */
export function endpointBaseOf(discord: Discord): string {
  return discord.publicUrl ?? issuerOf(discord);
}

/** Whether a URL leads to the simulator, by any of its host names. */
export function leadsTo(discord: Discord, url: string): boolean {
  return [discord.url, publicUrlOf(discord), issuerOf(discord)].some((name) => haveSameOrigin(name, url));
}

function haveSameOrigin(left: string, right: string): boolean {
  return URL.canParse(left) && URL.canParse(right) && new URL(left).origin === new URL(right).origin;
}

/** Whether a URL leads to the real Discord: its site, API or images. */
export function isRealDiscord({ hostname }: URL): boolean {
  return /(?:^|\.)(?:discord(?:app)?\.com|discordapp\.net)$/.test(hostname);
}
