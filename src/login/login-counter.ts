import { parse } from "cookie";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const WINDOW_MS = 60_000;
const MOST = 9;

/** Counts the logins of a browser in a cookie of its own: where the session does not stick, nothing else can. */
export class LoginCounter {
  readonly #name: string;
  readonly #ownCookies: OwnCookies;

  constructor(ownCookies: OwnCookies, clientId: string) {
    this.#name = ownCookies.nameOf(`discord-${clientId}-logins`);
    this.#ownCookies = ownCookies;
  }

  /** How many logins ended within the last minute. */
  read(cookieHeader: string | undefined): number {
    return this.#times(cookieHeader).length;
  }

  /** The `Set-Cookie` header that starts to count, with the login that has led here. */
  start(cookieHeader: string | undefined): string | undefined {
    return this.#isCounting(cookieHeader)
      ? undefined
      : this.#ownCookies.set(this.#name, String(now()), WINDOW_MS / 1000);
  }

  /** The `Set-Cookie` header that counts one more, where logins are counted. */
  next(cookieHeader: string | undefined): string | undefined {
    if (!this.#isCounting(cookieHeader)) return undefined;
    const times = [...this.#times(cookieHeader), now()].slice(-MOST);
    return this.#ownCookies.set(this.#name, times.join("."), WINDOW_MS / 1000);
  }

  /** The `Set-Cookie` header that starts anew, where something was counted. */
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
