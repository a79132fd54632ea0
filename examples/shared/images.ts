const DISCORD_CDN = "https://cdn.discordapp.com";

let simulator: string | undefined;

/** Loads images from the simulated Discord, which draws them, so no network is needed. */
export function loadImagesFrom(url: string): void {
  simulator = url;
}

/** The URL of the simulated Discord, if the app uses one. */
export function simulatorUrl(): string | undefined {
  return simulator;
}

/** Returns the URL from which to load an image of Discord's CDN. */
export function imageSource(url: string): string {
  return url.replace(DISCORD_CDN, simulator ?? DISCORD_CDN);
}
