import type { APIGuild, APIWebhook } from "discord-api-types/v10";

/** A login that has just succeeded. */
export interface Login<Data = unknown> {
  readonly replayed: false;
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

/** The callback of a login that was completed before: a double click, a reload, the back button. Do nothing again. */
export interface ReplayedLogin<Data = unknown> extends Pick<Login<Data>, "scopes" | "userId" | "returnTo"> {
  readonly replayed: true;
  /** `undefined`, as is `returnTo`, when the login's cookie is gone. */
  readonly data: Data | undefined;
  /** `undefined`: the first callback had it. */
  readonly guild: undefined;
  /** `undefined`: the first callback had it. */
  readonly webhook: undefined;
}

/** The result of a callback. */
export type LoginResult<Data = unknown> = Login<Data> | ReplayedLogin<Data>;

/** What an app does with a login before repeated callbacks of it are answered. What it throws ends the sign-in. */
export type OnLogin = (login: Login) => Promise<void> | void;
