import { parse } from "cookie";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const LIFETIME_MS = 10_000;

/**
 * Remembers in a cookie that a browser has just cancelled a login: a guarded page would send it straight back to Discord.
 */
export class CancelMark {
  readonly #name: string;
  readonly #ownCookies: OwnCookies;

  constructor(ownCookies: OwnCookies, clientId: string) {
    this.#name = ownCookies.nameOf(`discord-${clientId}-cancelled`);
    this.#ownCookies = ownCookies;
  }

  /** Whether a login was cancelled within the last ten seconds. */
  isSet(cookieHeader: string | undefined): boolean {
    if (!cookieHeader?.includes(this.#name)) return false;
    const ageMs = now() - Number(parse(cookieHeader)[this.#name]);
    return ageMs >= 0 && ageMs < LIFETIME_MS;
  }

  /** The `Set-Cookie` header that sets the mark. */
  set(): string {
    return this.#ownCookies.set(this.#name, String(now()), LIFETIME_MS / 1000);
  }

  /** The `Set-Cookie` header that removes the mark. */
  remove(): string {
    return this.#ownCookies.remove(this.#name);
  }
}
