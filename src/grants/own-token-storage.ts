import type { IncomingMessage } from "node:http";
import { answered } from "./record-store.js";
import type { Token } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/** The two methods by which an app can store tokens its own way. */
export interface OwnTokenMethods {
  getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined>;
  saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void>;
}

/**
 * The methods of an instance, where they are the app's own.
 *
 * @param originals what they are where no app overrides them
 * @throws TypeError when only one of them is overridden
 */
export function overriddenTokenMethods(
  methods: OwnTokenMethods,
  originals: OwnTokenMethods,
): OwnTokenMethods | undefined {
  const readsItself = methods.getAuthorizationToken !== originals.getAuthorizationToken;
  const savesItself = methods.saveAuthorizationToken !== originals.saveAuthorizationToken;
  if (readsItself !== savesItself)
    throw new TypeError("Override getAuthorizationToken and saveAuthorizationToken together, or neither.");
  return readsItself ? methods : undefined;
}

/**
 * Where the app's own methods put the token.
 *
 * @param deadlineMs real time; a method that has not answered by then has failed
 */
export function ownTokenStorage(
  methods: OwnTokenMethods,
  req: IncomingMessage,
  deadlineMs: number,
): TokenStorage {
  const save = (token: Token | undefined) =>
    answered("writing", deadlineMs, () => methods.saveAuthorizationToken(req, token));
  return {
    isShared: true,
    async read() {
      const token = await answered("reading", deadlineMs, () => methods.getAuthorizationToken(req));
      return token && { token };
    },
    write: save,
    delete: () => save(undefined),
  };
}
