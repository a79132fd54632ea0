import { parse, serialize } from "cookie";
import { now } from "../clock.js";

const WINDOW_MS = 60_000;
const MOST = 9;

/** Counts the logins of a browser in a cookie of its own: where the session does not stick, nothing else can. */
export class LoginCounter {
  readonly #name: string;
  readonly #secure: boolean;

  constructor(secure: boolean) {
    this.#name = secure ? "__Host-discord.logins" : "discord.logins";
    this.#secure = secure;
  }

  /** How many logins ended within the last minute. */
  read(cookieHeader: string | undefined): number {
    return this.#times(cookieHeader).length;
  }

  /** The `Set-Cookie` header that counts one more. */
  next(cookieHeader: string | undefined): string {
    const times = [...this.#times(cookieHeader), now()].slice(-MOST);
    return this.#serialize(times.join("."), WINDOW_MS / 1000);
  }

  /** The `Set-Cookie` header that starts anew, where something was counted. */
  removal(cookieHeader: string | undefined): string | undefined {
    return cookieHeader?.includes(this.#name) ? this.#serialize("", 0) : undefined;
  }

  #serialize(value: string, maxAge: number): string {
    const secure = this.#secure;
    return serialize(this.#name, value, { path: "/", httpOnly: true, sameSite: "lax", secure, maxAge });
  }

  #times(cookieHeader: string | undefined): number[] {
    if (!cookieHeader?.includes(this.#name)) return [];
    const times = parse(cookieHeader)[this.#name]?.split(".").map(Number) ?? [];
    return times.filter((time) => time <= now() && now() - time < WINDOW_MS);
  }
}
