import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const LIFETIME_MS = 10_000;

/**
 * A cookie that marks a browser that has just cancelled a login. Without it a guarded page would redirect the visitor
 * straight back to Discord.
 */
export class CancelMark {
  readonly #name: string;
  readonly #ownCookies: OwnCookies;

  constructor(ownCookies: OwnCookies, clientId: string) {
    this.#name = ownCookies.nameOf(`discord-${clientId}-cancelled`);
    this.#ownCookies = ownCookies;
  }

  /** Marks this visitor for ten seconds. */
  set(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#ownCookies.set(this.#name, String(now()), LIFETIME_MS / 1000));
  }

  remove(res: ServerResponse): void {
    res.appendHeader("Set-Cookie", this.#ownCookies.remove(this.#name));
  }

  /**
   * Whether a guarded page is about to send a visitor back to the login they have just cancelled. Redirects that follow
   * Discord's page count as cross-site; a visitor who follows a link comes from this app. If the browser does not send
   * `Sec-Fetch-Site`, the page that the login returns to decides.
   *
   * @param isBack whether the login returns to the page that cancelled logins redirect to
   */
  stops({ headers }: IncomingMessage, isBack: boolean): boolean {
    const ageMs = now() - Number(this.#ownCookies.read(headers.cookie, this.#name));
    if (!(ageMs >= 0 && ageMs < LIFETIME_MS)) return false;
    const site = headers["sec-fetch-site"];
    return site === undefined ? isBack : site === "cross-site";
  }
}
