import type { Behaviour } from "./behaviour.js";
import { boundedMap } from "./bounded-map.js";
import type { SimulatedClock } from "./clock.js";
import { randomText } from "./random-text.js";
import type { SimulatedUser } from "./user.js";

const KEPT_TOKENS = 20_000;

/** A user's authorization of the application. It ends as a whole. */
export interface Authorization {
  readonly user: SimulatedUser;
  /** All scopes ever granted. */
  readonly scopes: Set<string>;
  ended: boolean;
}

/** A bearer token. */
export interface AccessToken {
  readonly token: string;
  readonly authorization: Authorization;
  readonly scopes: readonly string[];
  /** Epoch milliseconds. */
  expiresAt: number;
}

/** A refresh token. A used one is kept if a second use ends the authorization. */
export interface RefreshToken {
  readonly token: string;
  readonly authorization: Authorization;
  /** The latest access token issued with it. */
  accessToken: string;
  used: boolean;
}

/** The body of a successful response of the token endpoint. */
export interface TokenResponse {
  readonly token_type: "Bearer";
  readonly access_token: string;
  /** Seconds. */
  readonly expires_in: number;
  readonly refresh_token?: string;
  /** Space-separated. */
  readonly scope: string;
  /** With the scope `openid`, from a code. */
  readonly id_token?: string;
  /** With the scope `bot`. */
  readonly guild?: Record<string, unknown>;
  /** With the scope `webhook.incoming`. */
  readonly webhook?: Record<string, unknown>;
}

/** A token response that can be refreshed. */
export interface TokenPair extends TokenResponse {
  readonly refresh_token: string;
}

/** The authorizations of the application and their tokens. */
export class Authorizations {
  readonly #byUser = new Map<string, Authorization>();
  readonly #accessTokens = boundedMap<AccessToken>(KEPT_TOKENS);
  readonly #refreshTokens = boundedMap<RefreshToken>(KEPT_TOKENS);
  readonly #clock: SimulatedClock;
  readonly #behaviour: Behaviour;

  constructor(clock: SimulatedClock, behaviour: Behaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  /** The number of users who have authorized the application. */
  get size(): number {
    return this.#byUser.size;
  }

  of(user: SimulatedUser): Authorization | undefined {
    const authorization = this.#byUser.get(user.id);
    // A test may have added another user with the same id.
    return authorization?.user === user ? authorization : undefined;
  }

  /** Adds scopes to a user's authorization. */
  grant(user: SimulatedUser, scopes: readonly string[]): Authorization {
    const authorization = this.of(user) ?? { user, scopes: new Set<string>(), ended: false };
    for (const scope of scopes) authorization.scopes.add(scope);
    this.#byUser.set(user.id, authorization);
    return authorization;
  }

  /** Ends a user's authorization, with all its tokens. */
  end(authorization: Authorization): void {
    authorization.ended = true;
    this.#byUser.delete(authorization.user.id);
  }

  issuePair(authorization: Authorization, scopes: readonly string[]): TokenPair {
    const answer = this.issueAccessToken(authorization, scopes);
    const token = randomText();
    this.#refreshTokens.set(token, { token, authorization, accessToken: answer.access_token, used: false });
    return { ...answer, refresh_token: token };
  }

  issueAccessToken(authorization: Authorization, scopes: readonly string[]): TokenResponse {
    const token = randomText();
    const seconds = this.#behaviour.accessTokenSeconds;
    const expiresAt = this.#clock.now() + seconds * 1000;
    this.#accessTokens.set(token, { token, authorization, scopes, expiresAt });
    return { token_type: "Bearer", access_token: token, expires_in: seconds, scope: scopes.join(" ") };
  }

  /** Returns a valid access token. */
  findAccessToken(token: string): AccessToken | undefined {
    const found = this.#accessTokens.get(token);
    if (found === undefined || found.authorization.ended) return undefined;
    return found.expiresAt > this.#clock.now() ? found : undefined;
  }

  /** Returns a refresh token whose authorization has not ended. */
  findRefreshToken(token: string): RefreshToken | undefined {
    const found = this.#refreshTokens.get(token);
    return found?.authorization.ended ? undefined : found;
  }

  /** Uses a refresh token that is not used yet. */
  refresh(from: RefreshToken, scopes: readonly string[]): TokenResponse {
    if (!this.#behaviour.previousAccessTokenSurvives) this.#accessTokens.delete(from.accessToken);
    const { refreshOmitsRefreshToken, rotateRefreshTokens } = this.#behaviour;
    if (refreshOmitsRefreshToken || !rotateRefreshTokens) {
      const answer = this.issueAccessToken(from.authorization, scopes);
      from.accessToken = answer.access_token;
      return refreshOmitsRefreshToken ? answer : { ...answer, refresh_token: from.token };
    }
    if (this.#behaviour.refreshReuse === "refuse") this.#refreshTokens.delete(from.token);
    else from.used = true;
    return this.issuePair(from.authorization, scopes);
  }

  /** Expires the access tokens of one user, or of all users. */
  expireAccessTokens(user?: SimulatedUser): void {
    for (const token of this.#accessTokens.values()) {
      if (user === undefined || token.authorization.user === user) token.expiresAt = this.#clock.now();
    }
  }
}
