import { AsyncLocalStorage } from "node:async_hooks";
import type { Token } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/**
 * Called with each new pair, or `undefined` when the sign-in has ended, and with the pair it replaces. Calls that change
 * the token wait for it, so it must not wait for them.
 */
export type OnTokenChange = (token: Token | undefined, former: Token) => Promise<void> | void;

/** The storages whose `onChange` makes the current call, directly or through other calls. */
const callers = new AsyncLocalStorage<ReadonlySet<TokenStorage>>();

/**
 * The storage of a token that only the caller holds. Writes wait until `onChange` has handled the newest change. If it
 * fails, it is called again at the next use.
 *
 * @param id the grant's id in this process; the caller sees the id of the token it passed
 */
export function heldToken(token: Token, id: string, onChange?: OnTokenChange): TokenStorage {
  let held: Token | undefined = token;
  let reported: Token | undefined = token;
  let isReporting = false;
  let reporting = Promise.resolve();

  async function report(): Promise<void> {
    const outer = callers.getStore();
    // `onChange` may use the session, and must not wait for itself.
    if (held === reported || (isReporting && outer?.has(storage))) return;
    if (!isReporting) reporting = callers.run(new Set(outer).add(storage), reportChanges);
    await reporting;
  }
  async function reportChanges(): Promise<void> {
    isReporting = true;
    try {
      while (held !== reported) {
        const next = held;
        try {
          if (reported) await onChange?.(next, reported);
          reported = next;
        } catch (error) {
          // Otherwise a newer change replaces the one that failed.
          if (held === next) throw error;
        }
      }
    } finally {
      isReporting = false;
    }
  }
  const storage: TokenStorage = {
    id,
    isHeldByCaller: true,
    async read() {
      if (!isReporting) await report();
      return held && { token: { ...held, id } };
    },
    async write(next) {
      held = { ...next, id: token.id };
      await report();
    },
    async delete() {
      held = undefined;
      await report();
    },
  };
  return storage;
}
