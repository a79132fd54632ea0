import type { Token } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/** Called with each new pair, or with `undefined` when the sign-in has ended, and with what was held before. */
export type OnTokenChange = (token: Token | undefined, former: Token) => Promise<void> | void;

/**
 * A token that only the caller holds. A change that the caller could not take is told again at the next use.
 *
 * @param id what this process knows the grant by; the caller sees the id that it gave
 */
export function heldToken(token: Token, id: string, onChange?: OnTokenChange): TokenStorage {
  let held: Token | undefined = token;
  let told: Token | undefined = token;
  let telling: Promise<void> | undefined;

  async function tellNow(): Promise<void> {
    const next = held;
    if (told) await onChange?.(next, told);
    told = next;
  }
  async function tell(): Promise<void> {
    while (held !== told) {
      telling ??= tellNow().finally(() => {
        telling = undefined;
      });
      await telling;
    }
  }
  return {
    id,
    isShared: false,
    isHeldByCaller: true,
    async read() {
      await tell();
      return held && { token: { ...held, id } };
    },
    async write(next) {
      held = { ...next, id: token.id };
      await tell();
    },
    async delete() {
      held = undefined;
      await tell();
    },
  };
}
