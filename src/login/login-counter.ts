import { parse } from "cookie";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const WINDOW_MS = 60_000;
const MOST = 9;

/** Counts the logins of a browser in a cookie of its own: where the session does not stick, nothing else can. */
export class LoginCounter {
  readonly #name: string;
  readonly #ownCookies: OwnCookies;

  constructor(ownCookies: OwnCookies) {
    this.#name = ownCookies.nameOf("discord.logins");
    this.#ownCookies = ownCookies;
  }

  /** How many logins ended within the last minute. */
  read(cookieHeader: string | undefined): number {
    return this.#times(cookieHeader).length;
  }

  /** The `Set-Cookie` header that counts one more. */
  next(cookieHeader: string | undefined): string {
    const times = [...this.#times(cookieHeader), now()].slice(-MOST);
    return this.#ownCookies.set(this.#name, times.join("."), WINDOW_MS / 1000);
  }

  /** The `Set-Cookie` header that starts anew, where something was counted. */
  removal(cookieHeader: string | undefined): string | undefined {
    return cookieHeader?.includes(this.#name) ? this.#ownCookies.remove(this.#name) : undefined;
  }

  #times(cookieHeader: string | undefined): number[] {
    if (!cookieHeader?.includes(this.#name)) return [];
    const times = parse(cookieHeader)[this.#name]?.split(".").map(Number) ?? [];
    return times.filter((time) => time <= now() && now() - time < WINDOW_MS);
  }
}
