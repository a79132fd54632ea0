const DISCORD_CDN = "https://cdn.discordapp.com";

let simulator: string | undefined;

/** Loads images from the simulated Discord instead, which draws them: no network is needed. */
export function loadImagesFrom(url: string): void {
  simulator = url;
}

/** Where the simulated Discord is, if the app talks to one. */
export function simulatorUrl(): string | undefined {
  return simulator;
}

/** Where the image at this address of Discord's CDN is loaded from. */
export function imageSource(url: string): string {
  return url.replace(DISCORD_CDN, simulator ?? DISCORD_CDN);
}
