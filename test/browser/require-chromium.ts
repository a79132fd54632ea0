import { accessSync, constants } from "node:fs";
import { CHROMIUM } from "./chromium.js";

/** Reports a missing Chromium once instead of in every test. */
export function setup(): void {
  try {
    accessSync(CHROMIUM, constants.X_OK);
  } catch {
    console.error(
      `There is no Chromium at ${CHROMIUM}: install it (Debian: apt-get install chromium), or set CHROMIUM to where it is.`,
    );
    process.exit(1);
  }
}
