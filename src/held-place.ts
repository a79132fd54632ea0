import type { GrantPlace, Token } from "./grant.js";

/** A grant that lies nowhere but in the hands of the caller, who is told of each new pair. */
export function heldPlace(
  token: Token,
  onChange?: (token: Token | undefined) => Promise<void> | void,
): GrantPlace {
  let held: Token | undefined = token;
  const read = async () => held;
  return {
    read,
    readAgain: read,
    replace: async (former, next) => {
      if (held?.accessToken !== former.accessToken) return held;
      held = next;
      await onChange?.(next);
      return next;
    },
    end: async () => {
      held = undefined;
      await onChange?.(undefined);
    },
  };
}
