import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";

/** Debian's, unless the environment names another one. */
export const CHROMIUM = process.env["CHROMIUM"] || "/usr/bin/chromium";

const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Replaces Discord's pictures, so that no test needs the internet. */
const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" fill="#5865f2"/><circle cx="4" cy="4" r="2" fill="#fff"/></svg>`;

interface ChromiumOptions {
  readonly hosts?: readonly string[];
  readonly flags?: readonly string[];
}

let browser: Browser | undefined;
let hostsHere: readonly string[] = [];

/**
 * Starts one Chromium for all tests of a file.
 *
 * @param hosts names that resolve to this machine, like localhost
 * @param flags for its command line
 */
export function useChromium({ hosts = [], flags = [] }: ChromiumOptions = {}): void {
  hostsHere = ["localhost", "127.0.0.1", ...hosts];
  const rules = hosts.map((host) => `MAP ${host} 127.0.0.1`).join(", ");
  beforeAll(async () => {
    const args = [...QUIET, ...flags, ...(rules === "" ? [] : [`--host-resolver-rules=${rules}`])];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  });
  afterAll(() => browser?.close());
}

/** A browser of its own for a visitor: without cookies, and without access to anything but this machine. */
export async function visitor(options: BrowserContextOptions = {}): Promise<Page> {
  if (!browser) throw new Error("Call useChromium() in the test file.");
  const context = await browser.newContext(options);
  const strayed: string[] = [];
  await context.route(isElsewhere, async (route) => {
    const url = route.request().url();
    if (url.startsWith("https://cdn.discordapp.com/")) {
      await route.fulfill({ contentType: "image/svg+xml", body: PICTURE });
    } else {
      strayed.push(url);
      await route.abort();
    }
  });
  onTestFinished(async () => {
    await context.close();
    expect(strayed).toEqual([]);
  });
  return context.newPage();
}

/** Presses a button of the consent page. */
export async function decide(page: Page, button: "Authorize" | "Cancel", name?: string): Promise<void> {
  if (name !== undefined) await page.getByRole("radio", { name }).check();
  await page.getByRole("button", { name: button }).click();
}

function isElsewhere({ hostname }: URL): boolean {
  return !hostsHere.includes(hostname);
}
