import type { Discord } from "./discord.js";

/** The address by which others reach the simulator. */
export function publicUrlOf({ publicUrl, url }: Pick<Discord, "publicUrl" | "url">): string {
  return publicUrl ?? url;
}

/** What redirects and id tokens name as their origin. */
export function issuerOf(discord: Discord): string {
  return discord.behaviour.issuer ?? publicUrlOf(discord);
}

/** Where the metadata documents say the endpoints are: never at a local address that differs from the issuer's. */
export function endpointBaseOf(discord: Discord): string {
  return discord.publicUrl ?? issuerOf(discord);
}

/** Whether a URL leads to the simulator, under any of its names. */
export function leadsTo(discord: Discord, url: string): boolean {
  return [discord.url, publicUrlOf(discord), issuerOf(discord)].some((name) => haveSameOrigin(name, url));
}

function haveSameOrigin(left: string, right: string): boolean {
  return URL.canParse(left) && URL.canParse(right) && new URL(left).origin === new URL(right).origin;
}

/** Whether a URL leads to the Discord everybody uses: its site, its API or its images. */
export function isRealDiscord({ hostname }: URL): boolean {
  return /(?:^|\.)(?:discord(?:app)?\.com|discordapp\.net)$/.test(hostname);
}
