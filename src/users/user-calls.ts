import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { Grants } from "../grants/grants.js";
import { grantEnded } from "../grants/sign-in-errors.js";
import type { Token } from "../grants/token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Rest } from "../rest/rest.js";
import { routeTemplate } from "../rest/route.js";
import { requireScopeOf } from "../scopes.js";

const REFUSAL_REMEMBERED_MS = 60_000;
const REMEMBERED = 10_000;

/** Calls in a user's name, and what a 401 to one of them means. */
export class UserCalls {
  readonly #grants: Grants;
  readonly #rest: Rest;
  /** By the access token's hash. */
  readonly #probes = new Map<string, Promise<boolean>>();
  /** Routes that refuse a grant which is alive. */
  readonly #refusals = new LRUCache<string, HttpException>({
    max: REMEMBERED,
    ttl: REFUSAL_REMEMBERED_MS,
    ttlResolution: 0,
    perf: { now },
  });

  constructor(grants: Grants, rest: Rest) {
    this.#grants = grants;
    this.#rest = rest;
  }

  /** @throws Unauthorized, MissingScopes, RateLimited, HttpException, TypeError */
  async send(place: TokenStorage, route: string, request?: ApiRequest): Promise<unknown> {
    const template = routeTemplate(route);
    const token = await this.#grants.validToken(place);
    requireScopeOf(template, token.scopes);

    const refusalKey = `${token.id} ${request?.method ?? "GET"} ${template}`;
    const refusal = this.#refusals.get(refusalKey);
    if (refusal) throw refusal;

    try {
      return await this.#call(token, route, request);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const other = await this.#otherToken(place, token);
      if (other) return this.#call(other, route, request);
      if (await this.#isAlive(token)) {
        this.#refusals.set(refusalKey, error);
        throw error;
      }
      return this.#call(await this.#renew(place, token), route, request);
    }
  }

  /** A call with one token, whatever comes of it. */
  sendWith(token: Token, route: string): Promise<unknown> {
    return this.#call(token, route, undefined);
  }

  #call(token: Token, route: string, request: ApiRequest | undefined): Promise<unknown> {
    return this.#rest.send(credentialsOf(token), route, request);
  }

  /** The stored token, when it is another one: somebody else has refreshed it. */
  async #otherToken(place: TokenStorage, token: Token): Promise<Token | undefined> {
    const stored = await this.#grants.read(place);
    if (!stored) throw grantEnded();
    return stored.accessToken === token.accessToken ? undefined : stored;
  }

  /** Whether Discord still accepts the token. @throws HttpException, RateLimited when that cannot be found out */
  isAccepted(token: Token): Promise<boolean> {
    return this.#isAlive(token);
  }

  /** Whether Discord still knows the token. A 401 to a call does not tell: Discord answers a missing scope so too. */
  async #isAlive(token: Token): Promise<boolean> {
    if (this.#grants.isRejected(token)) return false;
    const key = digestOf(token.accessToken);
    const underway = this.#probes.get(key);
    if (underway !== undefined) return underway;
    const probe = this.#probe(token).finally(() => this.#probes.delete(key));
    this.#probes.set(key, probe);
    return probe;
  }

  async #probe(token: Token): Promise<boolean> {
    try {
      await this.#rest.send(credentialsOf(token), "/oauth2/@me");
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#grants.reject(token);
      return false;
    }
  }

  async #renew(place: TokenStorage, dead: Token): Promise<Token> {
    if (dead.refreshToken) return this.#grants.refresh(place, dead);
    await this.#grants.end(place, dead.id);
    throw grantEnded();
  }
}

/** The token that Discord's API takes, and whose rate limits it counts on. */
function credentialsOf(token: Token) {
  return { scheme: "Bearer", token: token.accessToken, subject: token.userId ?? token.id } as const;
}

function isRefusal(error: unknown): error is HttpException {
  return error instanceof HttpException && error.status === 401 && error.code === "discord_error";
}
