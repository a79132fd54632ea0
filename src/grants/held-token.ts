import type { Token } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/** Called with each new pair, or `undefined` when the sign-in has ended, and with the pair it replaces. */
export type OnTokenChange = (token: Token | undefined, former: Token) => Promise<void> | void;

/**
 * The storage of a token that only the caller holds. If `onChange` fails, it is called again at the next use.
 *
 * @param id the grant's id in this process; the caller sees the id of the token it passed
 */
export function heldToken(token: Token, id: string, onChange?: OnTokenChange): TokenStorage {
  let held: Token | undefined = token;
  let reported: Token | undefined = token;
  let isReporting = false;

  async function report(): Promise<void> {
    // `onChange` may use the token, and must not wait for itself.
    if (isReporting) return;
    isReporting = true;
    try {
      while (held !== reported) {
        const next = held;
        if (reported) await onChange?.(next, reported);
        reported = next;
      }
    } finally {
      isReporting = false;
    }
  }
  return {
    id,
    isShared: false,
    isHeldByCaller: true,
    async read() {
      await report();
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
}
