import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const NAME = "cancelled";
const LIFETIME_MS = 10_000;

/**
 * A cookie that marks a browser that has just cancelled a login. Without it a guarded page would redirect the visitor
 * straight back to Discord.
 */
export class CancelMark {
  readonly #cookies: OwnCookies;

  constructor(cookies: OwnCookies) {
    this.#cookies = cookies;
  }

  /** Marks this visitor for ten seconds. */
  set(res: ServerResponse): void {
    this.#cookies.set(res, NAME, String(now()), LIFETIME_MS);
  }

  /**
   * Whether a guarded page is about to send a visitor back to the login they have just cancelled; once only. Redirects
   * that follow Discord's page count as cross-site; a visitor who follows a link comes from this app. If the browser
   * does not send `Sec-Fetch-Site`, the page that the login returns to decides.
   *
   * @param isBack whether the login returns to the page that cancelled logins redirect to
   */
  stops(req: IncomingMessage, res: ServerResponse, isBack: boolean): boolean {
    const ageMs = now() - Number(this.#cookies.read(req, NAME));
    const site = req.headers["sec-fetch-site"];
    const isReturn = site === undefined ? isBack : site === "cross-site";
    if (!(ageMs >= 0 && ageMs < LIFETIME_MS && isReturn)) return false;
    this.#cookies.remove(res, NAME);
    return true;
  }
}
