import type { IncomingMessage } from "node:http";
import type { GrantPlace, Token } from "./grant.js";

/** The two methods by which an app can keep tokens its own way. */
export interface TokenHooks {
  getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined>;
  saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void>;
}

/** A grant that lies where the app's own methods put it. */
export function hookPlace(hooks: TokenHooks, req: IncomingMessage): GrantPlace {
  const read = () => hooks.getAuthorizationToken(req);
  return {
    read,
    readAgain: read,
    replace: async (former, next) => {
      const stored = await read();
      if (stored?.accessToken !== former.accessToken) return stored;
      await hooks.saveAuthorizationToken(req, next);
      return next;
    },
    end: () => hooks.saveAuthorizationToken(req, undefined),
  };
}
