import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException, Unauthorized } from "../errors.js";
import { heldToken } from "../grants/held-token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import { readAuthorization } from "../models/authorization.js";
import type { Rest } from "../rest/rest.js";
import { readable } from "./readable.js";
import { Remembered } from "./remembered.js";
import type { UserSession } from "./user-session.js";

const VERIFIED_MS = 60_000;
const REMEMBERED = 1000;
const KNOWN = 10_000;

/** Access tokens that clients send along: whose they are, and whether they are this application's. */
export class Bearers {
  readonly #clientId: string;
  readonly #rest: Rest;
  readonly #sessionOf: (place: TokenStorage) => UserSession;
  readonly #verified = new Remembered(remembering<UserSession>());
  readonly #refused = remembering<Unauthorized>();
  /** Tokens that Discord has vouched for, hashed: whoever makes up others does not keep these from being asked about again. */
  readonly #known = new LRUCache<string, true>({ max: KNOWN });

  constructor(clientId: string, rest: Rest, sessionOf: (place: TokenStorage) => UserSession) {
    this.#clientId = clientId;
    this.#rest = rest;
    this.#sessionOf = sessionOf;
  }

  /** @throws Unauthorized, RateLimited, HttpException */
  async session(accessToken: unknown): Promise<UserSession> {
    if (typeof accessToken !== "string" || !/^[\x21-\x7e]{1,2048}$/.test(accessToken))
      throw refusal("It is no access token of Discord's.");
    const id = digestOf(accessToken);
    const refused = this.#refused.get(id);
    if (refused) throw refused;
    try {
      return await this.#verified.fetch(id, {}, () => this.#verify(id, accessToken));
    } catch (error) {
      if (error instanceof Unauthorized) {
        this.#refused.set(id, error);
        this.#known.delete(id);
      }
      throw error;
    }
  }

  async #verify(id: string, accessToken: string): Promise<UserSession> {
    const untrusted = !this.#known.has(id);
    const credentials = { scheme: "Bearer", token: accessToken, subject: id, untrusted } as const;
    const payload = await this.#rest.send(credentials, "/oauth2/@me").catch((error: unknown) => {
      throw error instanceof HttpException && error.status === 401
        ? refusal("Discord does not know it.")
        : error;
    });
    const { applicationId, scopes, expires, user } = readable("GET", "/oauth2/@me", () =>
      readAuthorization(payload),
    );
    if (applicationId !== this.#clientId) throw refusal("It was issued to another application.");
    this.#known.set(id, true);
    const token = {
      id,
      accessToken,
      scopes,
      issuedAt: now(),
      expiresAt: expires.getTime(),
      userId: user?.id,
    };
    return this.#sessionOf(heldToken(token, token.id));
  }
}

function remembering<T extends object>(): LRUCache<string, T> {
  return new LRUCache<string, T>({ max: REMEMBERED, ttl: VERIFIED_MS, ttlResolution: 0, perf: { now } });
}

function refusal(why: string): Unauthorized {
  return new Unauthorized({
    message: `This access token signs nobody in. ${why}`,
    code: "not_signed_in",
    status: 401,
  });
}
