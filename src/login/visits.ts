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

/** What the middleware of this package asks about visitors and the addresses of the app. */
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
   * Says once that Discord leads visitors past the router.
   *
   * @param callback the path of the router's callback, as browsers see it
   * @param redirect the path of the redirect URI
   */
  warnOfOtherCallback(callback: string, redirect: string): void {
    const finding = otherCallback(callback, redirect);
    // Not by its message: strangers choose the case of the path.
    this.#warnings.add(finding, finding.code);
  }

  /** Counts the logins of this browser from now on, to notice a loop. */
  countLogins(req: IncomingMessage, res: ServerResponse): void {
    const cookie = this.#counter.start(req.headers.cookie);
    if (cookie) res.appendHeader("Set-Cookie", cookie);
  }

  /**
   * Says at most once a minute that a login will not lead back where it was to: strangers can choose that address, and must
   * not use up the warning.
   */
  warnOfDroppedReturnTo(address: string): void {
    if (now() - this.#droppedAt < MINUTE_MS) return;
    this.#droppedAt = now();
    process.emitWarning(
      `A login with returnTo ${shown(address)} leads to afterLogin instead: that is no path of this app, not on one of the option origins, or longer than 1,500 bytes. See docs/troubleshooting.md#returnto-dropped.`,
      { type: "ExpressDiscordWarning", code: "EXPRESS_DISCORD_RETURN_TO_DROPPED" },
    );
  }

  /** The user of this session as this process saw them last, while it cannot be found out whether they are still signed in. */
  lastKnownUser(req: IncomingMessage): User | undefined {
    const { config, users } = this.#parts;
    const signIn = signInOf(sessionOf(req), config.clientId);
    return signIn && users.lastKnown(signIn.grantId);
  }

  /** Remembers for ten seconds that this visitor cancelled a login. */
  markCancel(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#cancelMark.set());
  }

  /**
   * Whether a guarded page sends a visitor to the login who has just cancelled one. A visitor who presses a link comes
   * from this app; redirects after Discord's page count as coming from another site. Where the browser does not say, the
   * page that the login is to lead back to decides.
   *
   * @param isBack whether that is the page where cancelled logins lead
   */
  comesFromCancel(req: IncomingMessage, isBack: boolean): boolean {
    if (!this.#cancelMark.isSet(req.headers.cookie)) return false;
    const site = req.headers["sec-fetch-site"];
    return site === undefined ? isBack : site === "cross-site";
  }

  /** Forgets that this visitor cancelled a login. */
  forgetCancel(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#cancelMark.remove());
  }
}
