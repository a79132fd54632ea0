import { mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import session from "express-session";
import sessionFileStore from "session-file-store";
import { onTestFinished } from "vitest";
import type { StoreKind } from "./store-kind.js";

const DAY_MS = 86_400_000;

/** One file for each session. Compares with `Date`. */
export const FILES: StoreKind = {
  name: "session-file-store",
  isServed: true,
  canGoAway: true,
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "sessions-"));
    const aside = `${folder}-aside`;
    onTestFinished(async () => {
      await rm(folder, { recursive: true, force: true });
      await rm(aside, { recursive: true, force: true });
    });
    const FileStore = sessionFileStore(session);
    // With the default of five retries, reading a missing entry takes 400 ms.
    const options = { ttl: 86_400, retries: 0, reapInterval: -1, logFn: () => undefined };
    const store = new FileStore({ path: folder, ...options });
    return {
      store,
      // Files that are being written end in a number.
      keys: async () =>
        (await readdir(folder)).flatMap((name) =>
          name.endsWith(".json") && !/\.json\./.test(name) ? name.slice(0, -5) : [],
        ),
      async lifetimeMs(key) {
        const { cookie, __lastAccess } = JSON.parse(await readFile(join(folder, `${key}.json`), "utf8"));
        return __lastAccess + (cookie.originalMaxAge ?? DAY_MS) - Date.now();
      },
      outage: {
        async begin() {
          await rename(folder, aside);
          await writeFile(folder, "");
        },
        async end() {
          await rm(folder);
          await rename(aside, folder);
        },
      },
    };
  },
};
