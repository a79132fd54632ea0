import type { Patch } from "./bundle.js";
import { callbackAndCallback, callbackAndCallbackOnFastStore } from "./callback-stories.js";
import type { Story } from "./explorer.js";
import {
  refreshAfterFailure,
  refreshAndRefresh,
  refreshAndRefreshUnderLock,
  refreshAndSignOut,
  refreshAndSignOutAndReader,
  refreshAndSignOutEverywhere,
} from "./stories.js";

/** A mistake in the library, and a story that must expose it. */
export interface Mutant {
  readonly mistake: string;
  readonly patches: readonly Patch[];
  readonly story: Story;
}

const GRANTS = "grants/grants.ts";
const WRITER = "grants/grant-writer.ts";
const REFRESHER = "grants/refresher.ts";

const ignoresMarker: readonly Patch[] = [
  { file: GRANTS, from: "    if (marker) {\n", to: "    if (marker && !record) {\n" },
];

/** Mistakes of earlier drafts, and changes that only look harmless. */
export const MUTANTS: readonly Mutant[] = [
  {
    mistake: "readers ignore the ended marker, and a refresh crashes before it checks for one",
    patches: ignoresMarker,
    story: { ...refreshAndSignOut, mayDie: ["A"] },
  },
  {
    mistake: "readers ignore the ended marker, and one appears while a refresh stores its pair",
    patches: ignoresMarker,
    story: refreshAndSignOutAndReader,
  },
  {
    mistake: "the marker is read before the record is written",
    patches: [
      {
        file: WRITER,
        from: "    const isStored = await storage.write(next)",
        to: "    const ended = await this.#endedOf(storage, id);\n    const isStored = await storage.write(next)",
      },
      {
        file: WRITER,
        from: "\n    const ended = await this.#endedOf(storage, id);\n    if (ended",
        to: "\n    if (ended",
      },
    ],
    story: refreshAndSignOutEverywhere,
  },
  {
    mistake: "an unsaved pair is written again without reading the store first",
    patches: [
      {
        file: WRITER,
        from: "    const lease = storage.record?.lease;\n    if (!newest || this.#memory.ended(id)) return this.#drop(id);\n",
        to: "    const lease = storage.record?.lease;\n    if (!newest || this.#memory.ended(id)) return this.#drop(id);\n    return void (await this.store(storage, newest));\n",
      },
    ],
    // By the clock of A, which is ahead, B's pair has already expired.
    story: { ...refreshAndRefresh, mayFail: ["B"], accessTokenSeconds: 1 },
  },
  {
    mistake: "a lease is released before its pair is stored",
    patches: [
      {
        file: REFRESHER,
        from: "        if (!isUnfinished) await lease",
        to: '        if (outcome !== "other process") await lease',
      },
    ],
    story: refreshAfterFailure,
  },
  {
    mistake: "only the record is checked after invalid_grant, not the lease",
    patches: [{ file: REFRESHER, from: "if (holder) return", to: "if (holder && !lease) return" }],
    story: { ...refreshAndRefresh, slowDiscord: { process: "A", ms: 900 } },
  },
  {
    mistake: "an expiring pair is touched in a store whose touch writes",
    patches: [{ file: GRANTS, from: "storage.record && !isDue(newest)", to: "storage.record" }],
    story: { ...refreshAndRefresh, touchWrites: true },
  },
  {
    mistake: "the record is read before the lease is held",
    patches: [
      {
        file: REFRESHER,
        from: "const read = await this.#writer.read(storage);",
        to: "const read: Stored | undefined = { token: former };",
      },
    ],
    story: refreshAndRefreshUnderLock,
  },
  {
    mistake: "a reader deletes a record that a sign-out everywhere still has to revoke",
    patches: [{ file: GRANTS, from: 'if (stored && marker === "here")', to: "if (stored)" }],
    story: refreshAndSignOutEverywhere,
  },
  {
    mistake: "a pending login is completed although another process is completing it",
    patches: [
      {
        file: "login/code-redemption.ts",
        from: "if (login && !mayResume)",
        to: "if (!login && mayResume && record)",
      },
    ],
    story: callbackAndCallback,
  },
  {
    mistake: "a lease is read back at once, when another process may be about to write its own",
    patches: [
      {
        file: "grants/lease.ts",
        from: "      await sleep(SETTLING_MS + Math.min(elapsedMs(), LONGEST_WRITE_SHARE * leaseMs));\n",
        to: "",
      },
    ],
    story: callbackAndCallbackOnFastStore,
  },
];
