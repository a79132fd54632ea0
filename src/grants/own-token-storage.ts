import type { IncomingMessage } from "node:http";
import { ownToken } from "../app-token.js";
import { answered } from "./record-store.js";
import { type KnownUser, type Token, withoutGaps } from "./token.js";
import type { TokenStorage } from "./token-storage.js";

/** The two methods that an app overrides to store tokens itself. */
export interface OwnTokenMethods {
  getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined>;
  saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void>;
}

/** Returns the token methods if the app overrides them. @throws TypeError when it overrides only one of the two */
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

/** The token storage behind the app's own methods. @param login the record of the login, if the app has a store */
export function ownTokenStorage(
  methods: OwnTokenMethods,
  req: IncomingMessage,
  deadlineMs: number,
  signIn?: KnownUser,
  login?: TokenStorage["login"],
): TokenStorage {
  const save = (token: Token | undefined) =>
    answered("writing", deadlineMs, () => methods.saveAuthorizationToken(req, token));
  return {
    signIn,
    login,
    isShared: true,
    async read() {
      const token = await answered("reading", deadlineMs, () => methods.getAuthorizationToken(req));
      return token ? { token: withoutGaps(ownToken(token)) } : undefined;
    },
    write: save,
    delete: () => save(undefined),
  };
}
