import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import type { Token } from "../grants/token.js";

/** A login that has just signed the visitor in. */
export interface SignedInLogin<Data = unknown> {
  readonly replayed: false;
  readonly connected?: undefined;
  /** The `data` passed to `createSession`, after a round trip through JSON; `undefined` if none was passed. */
  readonly data: Data;
  /** The granted scopes. They may differ from the requested ones. */
  readonly scopes: readonly string[];
  /** The visitor's id; `undefined` without the scope `identify`, or if fetching the user failed. */
  readonly userId: string | undefined;
  /** The page the visitor asked for: a path on this app's own origin, or a URL on one of the option `origins`. */
  readonly returnTo: string | undefined;
  /** With the scope `bot`: the guild that the bot was added to; not after a reload that completes a failed login. */
  readonly guild: APIGuild | undefined;
  /**
   * With the scope `webhook.incoming`: the new webhook, including its secret token; not after a reload that completes a
   * failed login.
   */
  readonly webhook: APIWebhook | undefined;
}

/** A login that connected a Discord account to one of the app's own accounts. Nobody was signed in. */
export interface ConnectedLogin<Data = unknown> extends Omit<SignedInLogin<Data>, "connected" | "userId"> {
  readonly connected: true;
  /** The id of the Discord account. */
  readonly userId: string;
  /**
   * The tokens of the Discord account, for `sessionFromToken`. They are kept nowhere else. The property is not
   * enumerable, so logging the login does not show them.
   */
  readonly token: Token;
}

/** A login that has just succeeded. */
export type Login<Data = unknown> = SignedInLogin<Data> | ConnectedLogin<Data>;

/** A repeated callback of a completed login: a double click, a reload, the back button. Do not repeat side effects. */
export interface ReplayedLogin<Data = unknown>
  extends Pick<SignedInLogin<Data>, "scopes" | "userId" | "returnTo"> {
  readonly replayed: true;
  /** `true` if that login connected an account. */
  readonly connected?: true | undefined;
  /** `undefined` if the login's cookie is gone, and then `returnTo` is too. */
  readonly data: Data | undefined;
  /** `undefined`: only the first callback returns it. */
  readonly guild: undefined;
  /** `undefined`: only the first callback returns it. */
  readonly webhook: undefined;
}

/** The result of a callback. */
export type LoginResult<Data = unknown> = Login<Data> | ReplayedLogin<Data>;

/** The result of signing in with a code that a client posted. It has no `data` and no `returnTo`. */
export type CodeLogin = (SignedInLogin<undefined> | ReplayedLogin<undefined>) & {
  /**
   * The access token, which an Activity passes to `authenticate` of the Embedded App SDK. The property is not
   * enumerable, so logging the login does not show it.
   */
  readonly accessToken: string;
};

/**
 * The app's handler of a login. Repeated callbacks are answered after it returns. If it throws, the sign-in ends. If it
 * returns a string, that replaces the `returnTo` of the login and must follow the same rules.
 */
export type OnLogin = (login: Login) => Promise<string | undefined> | Promise<void> | string | void;
