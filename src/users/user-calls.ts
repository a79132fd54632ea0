import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { GrantPlace, Token } from "../grants/grant.js";
import { grantEnded } from "../grants/sign-in-errors.js";
import type { Tokens } from "../grants/tokens.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Rest } from "../rest/rest.js";
import { routeTemplate } from "../rest/route.js";
import { requireScopeOf } from "../scopes.js";

const REFUSAL_REMEMBERED_MS = 60_000;
const REMEMBERED = 10_000;

/** Calls in a user's name, and what a 401 to one of them means. */
export class UserCalls {
  readonly #tokens: Tokens;
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

  constructor(tokens: Tokens, rest: Rest) {
    this.#tokens = tokens;
    this.#rest = rest;
  }

  /** @throws Unauthorized, MissingScopes, RateLimited, HttpException, TypeError */
  async send(place: GrantPlace, route: string, request?: ApiRequest): Promise<unknown> {
    const template = routeTemplate(route);
    const token = await this.#tokens.usable(place);
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

  #call(token: Token, route: string, request: ApiRequest | undefined): Promise<unknown> {
    return this.#rest.send(credentialsOf(token), route, request);
  }

  /** The stored token, when it is another one: somebody else has refreshed it. */
  async #otherToken(place: GrantPlace, token: Token): Promise<Token | undefined> {
    const stored = await place.readAgain();
    if (!stored) throw grantEnded();
    return stored.accessToken === token.accessToken ? undefined : stored;
  }

  /** Whether Discord still knows the token. A 401 to a call does not tell: Discord answers a missing scope so too. */
  async #isAlive(token: Token): Promise<boolean> {
    if (this.#tokens.isDisowned(token)) return false;
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
      this.#tokens.disown(token);
      return false;
    }
  }

  async #renew(place: GrantPlace, dead: Token): Promise<Token> {
    if (dead.refreshToken) return this.#tokens.refresh(place, dead);
    await this.#tokens.end(place, dead.id);
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
