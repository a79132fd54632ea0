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

/**
 * Creates a function that checks access tokens that clients send: who they belong to, and whether they were issued to
 * this application. It returns a session of the token, and throws Unauthorized, RateLimited and HttpException.
 */
export function createBearerCheck(
  clientId: string,
  rest: Rest,
  sessionOf: (storage: TokenStorage) => UserSession,
) {
  const sessions = new LoadingCache(boundedCache<UserSession>(MOST_CHECKED, CHECKED_MS));
  const refused = boundedCache<Unauthorized>(MOST_CHECKED, CHECKED_MS);
  /** Hashes of tokens that Discord has accepted. Made-up tokens of other clients cannot delay their next check. */
  const vouchedFor = boundedCache<true>(MOST_VOUCHED_FOR);

  async function check(id: string, accessToken: string): Promise<UserSession> {
    const untrusted = !vouchedFor.has(id);
    const credentials = { scheme: "Bearer", token: accessToken, subject: id, untrusted } as const;
    const payload = await rest.send(credentials, ROUTE).catch((error: unknown) => {
      const isUnknown = error instanceof HttpException && error.status === 401;
      throw isUnknown ? refusal("Discord rejected it.") : error;
    });
    const { applicationId, scopes, expires, user } = parseAnswer({ method: "GET", route: ROUTE }, () =>
      readAuthorization(payload),
    );
    if (applicationId !== clientId) throw refusal("It was issued to another application.");
    vouchedFor.set(id, true);
    const expiresAt = expires.getTime();
    const token = { id, accessToken, scopes, issuedAt: now(), expiresAt, userId: user?.id };
    return sessionOf(heldToken(token, id));
  }

  return async (accessToken: unknown): Promise<UserSession> => {
    if (!isVisibleAscii(accessToken) || accessToken.length > LONGEST_TOKEN)
      throw refusal("It is not a Discord access token.");
    const id = digestOf(accessToken);
    const earlier = refused.get(id);
    if (earlier) throw earlier;
    try {
      const session = await sessions.fetch(id, {}, () => check(id, accessToken));
      await session.requireSignIn();
      return session;
    } catch (error) {
      if (error instanceof Unauthorized) {
        refused.set(id, error);
        vouchedFor.delete(id);
      }
      throw error;
    }
  };
}

function refusal(why: string): Unauthorized {
  const message = `The access token is not valid for this application. ${why}`;
  return new Unauthorized({ message, code: "not_signed_in" });
}
