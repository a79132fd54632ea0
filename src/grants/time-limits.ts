/** Time limits, in milliseconds. Four relations must hold between them: see CONTRIBUTING.md. */

/** How long a process uses its cached token before it reads the store again. */
export const CACHED_MS = 30_000;
/** Limits that time for short sessions, as a share of the session's lifetime. */
export const CACHED_SHARE = 0.1;

/** A lease expires after this long without a renewal. */
export const leaseMs = (timeoutMs: number) => Math.max(1000, timeoutMs / 2);
export const FIRST_RENEWAL_MS = 100;
export const NEXT_RENEWAL_MS = 300;
/** A lease is renewed no longer than a login can be repeated. */
export const LONGEST_RENEWED_MS = 600_000;
/** Pauses between checks of a lease that another process holds; the last one repeats. */
export const WAIT_PAUSES_MS = [50, 50, 100, 200] as const;
/** Pauses before each check for another process's pair, after Discord rejected ours. */
export const LOOK_AGAIN_MS = [100, 200, 400] as const;

/** How long a request waits for a refresh while its token is still valid. */
export const EARLY_PATIENCE_MS = 500;
/** Minimum time between early refreshes of one grant after a failure. */
export const EARLY_RETRY_MS = 5000;

/** Pause before the first retry of a failed write. Pauses double, up to the limit. */
export const UNSAVED_RETRY_MS = 500;
export const LONGEST_UNSAVED_RETRY_MS = 60_000;

/** Pause before the first retry of a background revocation. Pauses double; retries end at the limit. */
export const REVOCATION_RETRY_MS = 1000;
export const LONGEST_REVOCATION_RETRY_MS = 32_000;

/** A record is rewritten after this share of its lifetime, for stores without `touch`. */
export const REWRITE_SHARE = 0.1;
/** The assumed lifetime of a record if the store decides it, perhaps against the session's cookie. */
export const UNKNOWN_LIFETIME_MS = 86_400_000;

/** Pauses before each check that a store kept its first record; one second in total. */
export const KEPT_CHECKS_MS = [50, 150, 300, 500] as const;

/** How far Discord's clock and ours may differ. */
export const CLOCK_MARGIN_MS = 60_000;
