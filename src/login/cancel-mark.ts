import { parse } from "cookie";
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

  /** Whether a login was cancelled within the last ten seconds. */
  isSet(cookieHeader: string | undefined): boolean {
    if (!cookieHeader?.includes(this.#name)) return false;
    const ageMs = now() - Number(parse(cookieHeader)[this.#name]);
    return ageMs >= 0 && ageMs < LIFETIME_MS;
  }

  /** Returns the `Set-Cookie` header that sets the mark. */
  set(): string {
    return this.#ownCookies.set(this.#name, String(now()), LIFETIME_MS / 1000);
  }

  /** Returns the `Set-Cookie` header that removes the mark. */
  remove(): string {
    return this.#ownCookies.remove(this.#name);
  }
}
