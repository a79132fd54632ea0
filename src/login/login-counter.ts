import { parse } from "cookie";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const WINDOW_MS = 60_000;
const MOST = 9;

/** Counts a browser's recent logins in a cookie of its own, which works even if the app's sessions are lost. */
export class LoginCounter {
  readonly #name: string;
  readonly #ownCookies: OwnCookies;

  constructor(ownCookies: OwnCookies, clientId: string) {
    this.#name = ownCookies.nameOf(`discord-${clientId}-logins`);
    this.#ownCookies = ownCookies;
  }

  /** The number of logins completed within the last minute. */
  read(cookieHeader: string | undefined): number {
    return this.#times(cookieHeader).length;
  }

  /**
   * Returns the `Set-Cookie` header that starts counting with one login; `undefined` if the browser is counting
   * already.
   */
  start(cookieHeader: string | undefined): string | undefined {
    return this.#isCounting(cookieHeader)
      ? undefined
      : this.#ownCookies.set(this.#name, String(now()), WINDOW_MS / 1000);
  }

  /** Returns the `Set-Cookie` header that counts one more login; `undefined` if the browser is not counting. */
  next(cookieHeader: string | undefined): string | undefined {
    if (!this.#isCounting(cookieHeader)) return undefined;
    const times = [...this.#times(cookieHeader), now()].slice(-MOST);
    return this.#ownCookies.set(this.#name, times.join("."), WINDOW_MS / 1000);
  }

  /** Returns the `Set-Cookie` header that removes the count; `undefined` if the browser is not counting. */
  removal(cookieHeader: string | undefined): string | undefined {
    return this.#isCounting(cookieHeader) ? this.#ownCookies.remove(this.#name) : undefined;
  }

  #isCounting(cookieHeader: string | undefined): boolean {
    return cookieHeader?.includes(this.#name) ?? false;
  }

  #times(cookieHeader: string | undefined): number[] {
    if (!this.#isCounting(cookieHeader)) return [];
    const times =
      parse(cookieHeader ?? "")
        [this.#name]?.split(".")
        .map(Number) ?? [];
    return times.filter((time) => time <= now() && now() - time < WINDOW_MS);
  }
}
