/** Time limits, in milliseconds. CONTRIBUTING.md says what each is for, and which relations must hold between them. */

export const CACHED_MS = 30_000;
export const CACHED_SHARE = 0.1;

/** How long a lease lasts without a renewal. */
export const leaseMs = (timeoutMs: number) => Math.max(1000, timeoutMs / 2);
/** Of the time that a lease lasts. */
export const LONGEST_WRITE_SHARE = 0.25;
export const SETTLING_MS = 20;
export const FIRST_RENEWAL_MS = 100;
export const NEXT_RENEWAL_MS = 300;
/** As long as a login can be repeated. */
export const LONGEST_RENEWED_MS = 600_000;
/** The last one repeats. */
export const WAIT_PAUSES_MS = [50, 50, 100, 200] as const;
export const LOOK_AGAIN_MS = [100, 200, 400] as const;

export const EARLY_PATIENCE_MS = 500;
export const EARLY_RETRY_MS = 5000;

export const UNSAVED_RETRY_MS = 500;
export const LONGEST_UNSAVED_RETRY_MS = 60_000;

export const REVOCATION_RETRY_MS = 1000;
export const LONGEST_REVOCATION_RETRY_MS = 32_000;

/** For stores without `touch`. */
export const REWRITE_SHARE = 0.1;
export const UNKNOWN_LIFETIME_MS = 86_400_000;

/** One second in total. */
export const KEPT_CHECKS_MS = [50, 150, 300, 500] as const;

export const CLOCK_MARGIN_MS = 60_000;
