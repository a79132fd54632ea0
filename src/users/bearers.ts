import { boundedCache } from "../bounded-cache.js";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException, Unauthorized } from "../errors.js";
import { heldToken } from "../grants/held-token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import { readAuthorization } from "../models/authorization.js";
import { isVisibleAscii } from "../option-kinds.js";
import { parseAnswer } from "../rest/answer.js";
import type { Rest } from "../rest/rest.js";
import { LoadingCache } from "./loading-cache.js";
import type { UserSession } from "./user-session.js";

const ROUTE = "/oauth2/@me";
const LONGEST_TOKEN = 2048;
const MOST_CHECKED = 1000;
const CHECKED_MS = 60_000;
const MOST_VOUCHED_FOR = 10_000;

/** Checks access tokens that clients send: who they belong to, and whether they were issued to this application. */
export class Bearers {
  readonly #clientId: string;
  readonly #rest: Rest;
  readonly #sessionOf: (storage: TokenStorage) => UserSession;
  readonly #sessions = new LoadingCache(boundedCache<UserSession>(MOST_CHECKED, CHECKED_MS));
  readonly #refused = boundedCache<Unauthorized>(MOST_CHECKED, CHECKED_MS);
  /** Hashes of tokens that Discord has accepted. Made-up tokens of other clients cannot delay their next check. */
  readonly #vouchedFor = boundedCache<true>(MOST_VOUCHED_FOR);

  constructor(clientId: string, rest: Rest, sessionOf: (storage: TokenStorage) => UserSession) {
    this.#clientId = clientId;
    this.#rest = rest;
    this.#sessionOf = sessionOf;
  }

  /** @throws Unauthorized, RateLimited, HttpException */
  async session(accessToken: unknown): Promise<UserSession> {
    if (!isVisibleAscii(accessToken) || accessToken.length > LONGEST_TOKEN)
      throw refusal("It is not a Discord access token.");
    const id = digestOf(accessToken);
    const refused = this.#refused.get(id);
    if (refused) throw refused;
    try {
      const session = await this.#sessions.fetch(id, {}, () => this.#check(id, accessToken));
      await session.requireSignIn();
      return session;
    } catch (error) {
      if (error instanceof Unauthorized) {
        this.#refused.set(id, error);
        this.#vouchedFor.delete(id);
      }
      throw error;
    }
  }

  async #check(id: string, accessToken: string): Promise<UserSession> {
    const untrusted = !this.#vouchedFor.has(id);
    const credentials = { scheme: "Bearer", token: accessToken, subject: id, untrusted } as const;
    const payload = await this.#rest.send(credentials, ROUTE).catch((error: unknown) => {
      const isUnknown = error instanceof HttpException && error.status === 401;
      throw isUnknown ? refusal("Discord rejected it.") : error;
    });
    const { applicationId, scopes, expires, user } = parseAnswer({ method: "GET", route: ROUTE }, () =>
      readAuthorization(payload),
    );
    if (applicationId !== this.#clientId) throw refusal("It was issued to another application.");
    this.#vouchedFor.set(id, true);
    const expiresAt = expires.getTime();
    const token = { id, accessToken, scopes, issuedAt: now(), expiresAt, userId: user?.id };
    return this.#sessionOf(heldToken(token, id));
  }
}

function refusal(why: string): Unauthorized {
  const message = `The access token is not valid for this application. ${why}`;
  return new Unauthorized({ message, code: "not_signed_in" });
}
