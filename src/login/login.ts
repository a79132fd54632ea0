import type { APIGuild, APIWebhook } from "discord-api-types/v10";
import type { Token } from "../grants/token.js";

/** A login that has just signed the visitor in. */
export interface SignedInLogin<Data = unknown> {
  readonly replayed: false;
  readonly connected?: undefined;
  /** What `createSession` was given, as JSON gives it back; `undefined` when it was given nothing. */
  readonly data: Data;
  /** What the visitor has granted, which may differ from what was asked for. */
  readonly scopes: readonly string[];
  /** The visitor's id, when `identify` was granted and Discord told it. */
  readonly userId: string | undefined;
  /** Where the visitor wanted to go: a path on this app's own origin, or an address on one of the option `origins`. */
  readonly returnTo: string | undefined;
  /** With the scope `bot`: the guild that the bot was added to. */
  readonly guild: APIGuild | undefined;
  /** With the scope `webhook.incoming`: the new webhook, its secret token included. */
  readonly webhook: APIWebhook | undefined;
}

/** A Discord account that was connected with an account of the app's own. Nobody was signed in by it. */
export interface ConnectedLogin<Data = unknown> extends Omit<SignedInLogin<Data>, "connected" | "userId"> {
  readonly connected: true;
  /** The id of the Discord account. */
  readonly userId: string;
  /**
   * The tokens of that account, for `sessionFromToken`: they are stored nowhere else. Not enumerable, so that a log of the
   * login does not show them.
   */
  readonly token: Token;
}

/** A login that has just succeeded. */
export type Login<Data = unknown> = SignedInLogin<Data> | ConnectedLogin<Data>;

/** The callback of a login that was completed before: a double click, a reload, the back button. Do nothing again. */
export interface ReplayedLogin<Data = unknown>
  extends Pick<SignedInLogin<Data>, "scopes" | "userId" | "returnTo"> {
  readonly replayed: true;
  /** Whether that login connected an account. */
  readonly connected?: true | undefined;
  /** `undefined`, as is `returnTo`, when the login's cookie is gone. */
  readonly data: Data | undefined;
  /** `undefined`: the first callback had it. */
  readonly guild: undefined;
  /** `undefined`: the first callback had it. */
  readonly webhook: undefined;
}

/** The result of a callback. */
export type LoginResult<Data = unknown> = Login<Data> | ReplayedLogin<Data>;

/** The result of a code that a client posted. It has neither `data` nor `returnTo`. */
export type CodeLogin = (SignedInLogin<undefined> | ReplayedLogin<undefined>) & {
  /**
   * For the Embedded App SDK's `authenticate`, whose page needs it. Not enumerable, so that a log of the login does not
   * show it.
   */
  readonly accessToken: string;
};

/**
 * What an app does with a login before repeated callbacks of it are answered. What it throws ends the sign-in. A string is
 * where the login leads, instead of its `returnTo`, and has to follow the same rules.
 */
export type OnLogin = (login: Login) => Promise<string | undefined> | Promise<void> | string | void;
