import type { GrantPlace, Token } from "./grant.js";

/**
 * A grant that lies nowhere but in the hands of the caller, who is told of each new pair, and of the end. What the caller
 * could not take in is told again at the next use.
 */
export function heldPlace(
  token: Token,
  onChange?: (token: Token | undefined, former: Token) => Promise<void> | void,
): GrantPlace {
  let held: Token | undefined = token;
  let told: Token | undefined = token;
  let telling: Promise<void> | undefined;

  async function tellNow(): Promise<void> {
    const news = held;
    if (told) await onChange?.(news, told);
    told = news;
  }
  async function tell(): Promise<Token | undefined> {
    while (held !== told) {
      telling ??= tellNow().finally(() => {
        telling = undefined;
      });
      await telling;
    }
    return held;
  }
  return {
    read: tell,
    readAgain: tell,
    replace: async (former, next) => {
      if (held?.accessToken === former.accessToken) held = next;
      return tell();
    },
    end: async () => {
      held = undefined;
      await tell();
    },
  };
}
