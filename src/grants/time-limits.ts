/**
 * How long things may take and how long they hold, in milliseconds. Those that follow from `timeoutMs` are functions of it.
 *
 * Three relations must hold. A lease outlasts its renewals, so a process that is alive never loses one. It is shorter
 * than a request waits, so requests survive the death of the process that holds it. And after a refusal, other processes
 * are looked for longer than a lease goes without its first renewal, so a slow winner is seen.
 */

/** How long a process answers from memory before it asks the store again. */
export const CACHED_MS = 30_000;
/** A shorter session is answered for from memory for this share of its lifetime. */
export const CACHED_SHARE = 0.1;

/** A lease that has not been renewed for so long is free. */
export const leaseMs = (timeoutMs: number) => Math.max(1000, timeoutMs / 2);
export const FIRST_RENEWAL_MS = 100;
export const NEXT_RENEWAL_MS = 300;
/** Pauses between looks at a lease that another process holds; the last one repeats. */
export const WAIT_PAUSES_MS = [50, 50, 100, 200] as const;
/** Pauses before each look for another process's pair, after Discord has refused ours. */
export const LOOK_AGAIN_MS = [100, 200, 400] as const;

/** How long a request waits for a refresh that it does not need yet. */
export const EARLY_PATIENCE_MS = 500;
/** A refresh ahead of time that failed is not tried again sooner. */
export const EARLY_RETRY_MS = 5000;

/** A pair that its storage rejected is written again after so long, then after twice as long, and so on. */
export const UNSAVED_RETRY_MS = 1000;
export const LONGEST_UNSAVED_RETRY_MS = 60_000;

/** A revocation in the background is tried again after so long, then after twice as long, up to the limit. */
export const REVOCATION_RETRY_MS = 1000;
export const LONGEST_REVOCATION_RETRY_MS = 32_000;

/** A record is written again after this share of its lifetime, for stores without `touch`. */
export const REWRITE_SHARE = 0.1;
/** The lifetime of a record where the store decides on it. */
export const UNKNOWN_LIFETIME_MS = 86_400_000;

/** When the first record in a store is looked for again: pauses, a second in all. */
export const KEPT_CHECKS_MS = [50, 150, 300, 500] as const;

/** Discord's clock and ours may differ by so much. */
export const CLOCK_MARGIN_MS = 60_000;
