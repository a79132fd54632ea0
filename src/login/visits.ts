import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import { sessionOf, signInOf } from "../grants/session-data.js";
import type { User } from "../models/user.js";
import { shown } from "../shown.js";
import { Addresses } from "./addresses.js";
import type { CancelMark } from "./cancel-mark.js";
import type { LoginCounter } from "./login-counter.js";
import type { LoginParts } from "./login-parts.js";
import { otherCallback, type SetupWarnings } from "./setup-warnings.js";

const MINUTE_MS = 60_000;

/** What the router and the guards need to know about visitors and the app's URLs. */
export class Visits {
  readonly addresses: Addresses;
  readonly #parts: LoginParts;
  readonly #cancelMark: CancelMark;
  readonly #counter: LoginCounter;
  readonly #warnings: SetupWarnings;
  #droppedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: LoginParts, cancelMark: CancelMark, counter: LoginCounter, warnings: SetupWarnings) {
    this.addresses = new Addresses(parts.config);
    this.#parts = parts;
    this.#cancelMark = cancelMark;
    this.#counter = counter;
    this.#warnings = warnings;
  }

  /**
   * Warns once that the redirect URI does not lead to the router's callback.
   *
   * @param callback the path of the router's callback, as browsers see it
   * @param redirect the path of the redirect URI
   */
  warnOfOtherCallback(callback: string, redirect: string): void {
    const finding = otherCallback(callback, redirect);
    // Keyed by code, not message: clients choose the case of the path and could emit endless warnings.
    this.#warnings.add(finding, finding.code);
  }

  /** Starts counting the logins of this browser, to detect a loop. */
  countLogins(req: IncomingMessage, res: ServerResponse): void {
    const cookie = this.#counter.start(req.headers.cookie);
    if (cookie) res.appendHeader("Set-Cookie", cookie);
  }

  /**
   * Warns that a login ignores its `returnTo`, at most once a minute. Not once per process, because clients choose the
   * address and could use up the only warning.
   */
  warnOfDroppedReturnTo(address: string): void {
    if (now() - this.#droppedAt < MINUTE_MS) return;
    this.#droppedAt = now();
    process.emitWarning(
      `A login ignores returnTo ${shown(address)} and will redirect to afterLogin: it is neither a path of this app nor a URL on one of the option origins, or is longer than 1,500 bytes. See docs/troubleshooting.md#returnto-dropped.`,
      { type: "ExpressDiscordWarning", code: "EXPRESS_DISCORD_RETURN_TO_DROPPED" },
    );
  }

  /** Returns the user of this session as last seen by this process. For requests that cannot check the sign-in now. */
  lastKnownUser(req: IncomingMessage): User | undefined {
    const { config, users } = this.#parts;
    const signIn = signInOf(sessionOf(req), config.clientId);
    return signIn && users.lastKnown(signIn.grantId);
  }

  /** Marks this visitor for ten seconds as having cancelled a login. */
  markCancel(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#cancelMark.set());
  }

  /**
   * Whether a guarded page is about to send a visitor back to the login they have just cancelled. Redirects that follow
   * Discord's page count as cross-site; a visitor who follows a link comes from this app. If the browser does not send
   * `Sec-Fetch-Site`, the page that the login returns to decides.
   *
   * @param isBack whether the login returns to the page that cancelled logins redirect to
   */
  comesFromCancel(req: IncomingMessage, isBack: boolean): boolean {
    if (!this.#cancelMark.isSet(req.headers.cookie)) return false;
    const site = req.headers["sec-fetch-site"];
    return site === undefined ? isBack : site === "cross-site";
  }

  /** Removes the mark of a cancelled login. */
  forgetCancel(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#cancelMark.remove());
  }
}
