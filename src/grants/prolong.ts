import { now } from "../clock.js";
import type { GrantPlace, Token } from "./grant.js";

/**
 * Has the store keep a token for as long as its session may live by now. What goes wrong does not concern the caller.
 *
 * @param claimMs for so long nobody else refreshes the token, since its new pair would be written over
 */
export async function prolong(place: GrantPlace, token: Token, claimMs: number): Promise<void> {
  const { claim } = place;
  try {
    if ((await claim?.othersUntil()) !== undefined) return;
    await claim?.take(now() + claimMs);
    if ((await claim?.othersUntil()) === undefined) await place.replace(token, token);
  } catch {
    // It is tried again at the next use.
  } finally {
    await claim?.release().catch(() => undefined);
  }
}
