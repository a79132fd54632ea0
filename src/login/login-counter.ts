import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import type { OwnCookies } from "./own-cookies.js";

const NAME = "logins";
const WINDOW_MS = 60_000;
const LOOP_LOGINS = 3;

/** Counts a browser's recent logins in a cookie of its own, which works even if the app's sessions are lost. */
export class LoginCounter {
  readonly #cookies: OwnCookies;

  constructor(cookies: OwnCookies) {
    this.#cookies = cookies;
  }

  /** Whether this browser has completed several logins within the last minute. */
  isLooping(req: IncomingMessage): boolean {
    return (this.#timesOf(req) ?? []).length >= LOOP_LOGINS;
  }

  /** Starts counting, unless this browser is being counted already. Counts the login that may have led here. */
  start(req: IncomingMessage, res: ServerResponse | undefined): void {
    if (this.#timesOf(req) === undefined) this.#store(res, [now()]);
  }

  /** Counts one more login of a browser that is being counted. */
  add(req: IncomingMessage, res: ServerResponse): void {
    const times = this.#timesOf(req);
    if (times) this.#store(res, [...times, now()]);
  }

  /** Stops counting. */
  stop(req: IncomingMessage, res: ServerResponse | undefined): void {
    if (this.#timesOf(req)) this.#cookies.remove(res, NAME);
  }

  /** Returns when the last logins were completed; `undefined` if this browser is not being counted. */
  #timesOf(req: IncomingMessage): number[] | undefined {
    const times = this.#cookies.read(req, NAME)?.split(".").map(Number);
    return times?.filter((time) => time <= now() && now() - time < WINDOW_MS);
  }

  #store(res: ServerResponse | undefined, times: readonly number[]): void {
    this.#cookies.set(res, NAME, times.slice(-LOOP_LOGINS).join("."), WINDOW_MS);
  }
}
