import { boundedCache } from "../bounded-cache.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";

const REMEMBERED_MS = 60_000;
const MOST = 10_000;
const TOKEN_REFUSED = 50025;

interface Refusal {
  readonly error: HttpException;
  /** The hash of the refused token; `undefined` if every token would be refused. */
  readonly tokenHash: string | undefined;
}

/**
 * Remembers refused joins for a minute. Discord counts each 403 against the whole process, so a banned visitor who
 * keeps pressing the button must not cause a call each time.
 */
export class JoinRefusals {
  readonly #refusals = boundedCache<Refusal>(MOST, REMEMBERED_MS);
  readonly #inFlight = new Map<string, Promise<unknown>>();

  /**
   * Sends a join, unless the same join was refused within the last minute. Waits for the same join if it is in flight.
   *
   * @param key identifies the user, the guild and the settings
   * @throws HttpException the earlier refusal
   */
  async join<T>(key: string, accessToken: string, send: () => Promise<T>): Promise<T> {
    while (this.#inFlight.has(key)) await this.#inFlight.get(key)?.catch(() => undefined);
    const tokenHash = digestOf(accessToken);
    const refusal = this.#refusals.get(key);
    if (refusal && (refusal.tokenHash ?? tokenHash) === tokenHash) throw restated(refusal.error);

    const joining = send();
    this.#inFlight.set(key, joining);
    try {
      return await joining;
    } catch (error) {
      if (error instanceof HttpException && error.status === 403)
        this.#refusals.set(key, {
          error,
          tokenHash: error.discordCode === TOKEN_REFUSED ? tokenHash : undefined,
        });
      throw error;
    } finally {
      this.#inFlight.delete(key);
    }
  }
}

/** Returns a copy of an error, because callers may add to it. @param fields what the copy says instead */
export function restated(
  error: HttpException,
  fields?: Pick<HttpException, "message" | "code">,
): HttpException {
  return new HttpException({ ...error, message: error.message, cause: error, ...fields });
}
