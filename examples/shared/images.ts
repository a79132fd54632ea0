const DISCORD_CDN = "https://cdn.discordapp.com";

let source = DISCORD_CDN;

/** Loads images from the simulated Discord instead, which draws them: no network is needed. */
export function loadImagesFrom(simulatorUrl: string): void {
  source = simulatorUrl;
}

/** Where the image at this address of Discord's CDN is loaded from. */
export function imageSource(url: string): string {
  return url.replace(DISCORD_CDN, source);
}
