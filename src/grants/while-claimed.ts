import { now } from "../clock.js";
import type { RefreshClaim } from "./grant.js";

/** Real time, well within the time for which a claim is looked for that another has overwritten in the same instant. */
const FIRST_RENEWAL_MS = 100;
const NEXT_RENEWAL_MS = 500;

/** Keeps a claim, where there is one, for as long as a task takes. */
export async function whileClaimed<T>(
  claim: RefreshClaim | undefined,
  claimMs: number,
  task: () => Promise<T>,
): Promise<T> {
  if (!claim) return task();
  let renewal: Promise<void> | undefined;
  const renew = () => {
    renewal = claim.take(now() + claimMs).catch(() => undefined);
    timer = setTimeout(renew, NEXT_RENEWAL_MS);
  };
  let timer = setTimeout(renew, FIRST_RENEWAL_MS);
  try {
    return await task();
  } finally {
    clearTimeout(timer);
    await renewal;
  }
}
