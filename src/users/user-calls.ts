import { boundedCache } from "../bounded-cache.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { Grants } from "../grants/grants.js";
import { grantEnded } from "../grants/sign-in-errors.js";
import type { Token } from "../grants/token.js";
import type { TokenStorage } from "../grants/token-storage.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Rest } from "../rest/rest.js";
import { parseRoute } from "../rest/route.js";

const REFUSAL_TTL_MS = 60_000;
const MOST_REFUSALS = 10_000;

/** Sends calls as a user, and handles responses of 401. */
export type UserCalls = ReturnType<typeof createUserCalls>;

/** Creates {@link UserCalls}. */
export function createUserCalls(grants: Grants, rest: Rest) {
  /** Checks in flight, by the hash of the access token. */
  const probes = new Map<string, Promise<boolean>>();
  /** Errors of routes that answer 401 although the token is valid. */
  const refusals = boundedCache<HttpException>(MOST_REFUSALS, REFUSAL_TTL_MS);

  /**
   * Whether Discord still accepts the token. A 401 does not prove the opposite: Discord also sends it for a missing
   * scope.
   *
   * @throws HttpException, RateLimited when Discord cannot be asked now
   */
  async function isAccepted(token: Token): Promise<boolean> {
    if (grants.memory.isRejected(token.accessToken)) return false;
    const key = digestOf(token.accessToken);
    const probe = probes.get(key) ?? sendProbe(token).finally(() => probes.delete(key));
    probes.set(key, probe);
    return probe;
  }

  async function sendProbe(token: Token): Promise<boolean> {
    try {
      await rest.send(credentialsOf(token), "/oauth2/@me");
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      grants.memory.reject(token.accessToken);
      return false;
    }
  }

  return {
    isAccepted,

    /**
     * Sends a call. After a 401, sends it again with the stored token if that is another one, or refreshes the token if
     * Discord no longer accepts it.
     *
     * @param token a valid token of this grant
     * @throws Unauthorized, RateLimited, HttpException, TypeError
     */
    async send(storage: TokenStorage, token: Token, route: string, request?: ApiRequest): Promise<unknown> {
      const refusalKey = `${token.id} ${request?.method ?? "GET"} ${parseRoute(route).template}`;
      const refusal = refusals.get(refusalKey);
      if (refusal) throw refusal;

      let current = token;
      let hasRefreshed = false;
      for (;;) {
        try {
          return await rest.send(credentialsOf(current), route, request);
        } catch (error) {
          if (!isRefusal(error)) throw error;
          const stored = await grants.read(storage);
          if (!stored) throw grantEnded();
          if (stored.accessToken !== current.accessToken) {
            current = stored;
          } else if (await isAccepted(current)) {
            refusals.set(refusalKey, error);
            throw error;
          } else if (current.refreshToken && !hasRefreshed) {
            current = await grants.refresh(storage, current);
            hasRefreshed = true;
          } else {
            // For some users, every refresh returns a token that Discord refuses (discord/discord-api-docs#6769).
            await grants.end(storage, current.id);
            throw grantEnded();
          }
        }
      }
    },
  };
}

/** Returns a token's credentials. Rate limits are counted by user, or by grant if the user is unknown. */
export function credentialsOf(token: Token) {
  return { scheme: "Bearer", token: token.accessToken, subject: token.userId ?? token.id } as const;
}

function isRefusal(error: unknown): error is HttpException {
  return error instanceof HttpException && error.status === 401 && error.code === "discord_error";
}
