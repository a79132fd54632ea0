import { boundedCache } from "../bounded-cache.js";
import type { HttpException } from "../errors.js";
import { type Attempt, codeRejected } from "./code.js";

const MOST_PER_LOGIN = 5;
const REMEMBERED_MS = 600_000;
const REMEMBERED = 10_000;

/** Codes that Discord has rejected. Bounds what somebody with made-up codes can start: five codes for each login. */
export class RefusedCodes {
  readonly #rejections = boundedCache<HttpException>(REMEMBERED, REMEMBERED_MS);
  /** By login: how many codes were rejected or are being redeemed. */
  readonly #counts = boundedCache<number>(REMEMBERED);

  add({ grantId }: Attempt, rejection: HttpException): void {
    this.#rejections.set(grantId, rejection);
  }

  /** Redeems a code. @throws HttpException code_rejected at once, for a rejected code and for too many of a login */
  async during<T>({ grantId, loginId }: Attempt, redeem: () => Promise<T>): Promise<T> {
    const rejection = this.#rejections.get(grantId);
    if (rejection) throw rejection;
    if ((this.#counts.get(loginId) ?? 0) >= MOST_PER_LOGIN)
      throw codeRejected("Too many codes for one login: at most five are tried. Start a new login.");
    this.#count(loginId, 1);
    try {
      return await redeem();
    } finally {
      if (!this.#rejections.has(grantId)) this.#count(loginId, -1);
    }
  }

  #count(loginId: string, change: 1 | -1): void {
    const count = (this.#counts.get(loginId) ?? 0) + change;
    if (count > 0) this.#counts.set(loginId, count);
    else this.#counts.delete(loginId);
  }
}
