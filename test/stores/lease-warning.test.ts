import { describe, expect, it } from "vitest";
import { EXPRESS } from "../support/app.js";
import { signedInAs } from "../support/login.js";
import { startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { isLease, UnfitStore } from "../support/unfit-store.js";
import { collectWarnings } from "../support/warnings.js";

/** In a file of its own, since a process is warned once. */
describe("stores that keep no leases", () => {
  it("are warned about once in a process, however many there are", async () => {
    const codes = collectWarnings();
    for (const [, createApp] of EXPRESS) {
      for (const fate of ["refused", "lost"] as const) {
        const store = new UnfitStore();
        store.fate = (key, session) => (isLease(key, session) ? fate : "kept");
        const { user, browser, advance } = await startSignedIn(createApp, { session: { store } });
        for (const _refresh of [1, 2]) {
          advance(WEEK_MS);
          expect(await signedInAs(browser)).toBe(user.id);
        }
      }
    }
    expect(codes).toEqual(["EXPRESS_DISCORD_NO_LEASE"]);
  });
});
