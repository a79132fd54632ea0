import type { IncomingMessage } from "node:http";
import { hasPassed } from "../clock.js";
import type { LoginRecord } from "../grants/grant-record.js";
import { keyFormOf } from "../grants/record-keys.js";
import { sessionIdOf, sessionOf, signInOf } from "../grants/session-data.js";
import type { CodeOptions } from "../options.js";
import { grantIdOf } from "./code.js";
import type { CodeRedemption } from "./code-redemption.js";
import type { CodeLogin } from "./login.js";
import type { LoginParts } from "./login-parts.js";
import { forbidCaching, responseTo } from "./manners.js";
import { requireOwnClient, requirePostedCode } from "./posted-code-checks.js";

const REPEATABLE_MS = 60_000;

/**
 * Signs visitors in with codes that their clients post: Activities and mobile apps, which Discord does not redirect
 * to the callback. These logins have no cookie. Only the session that a code has signed in, or the client's
 * verifier, proves that a repeated code comes from the same client.
 */
export class PostedCodes {
  readonly #parts: LoginParts;
  readonly #redemption: CodeRedemption;

  constructor(parts: LoginParts, redemption: CodeRedemption) {
    this.#parts = parts;
    this.#redemption = redemption;
  }

  /** @throws HttpException, RateLimited, and any error of `onLogin` */
  async signIn(req: IncomingMessage, options: CodeOptions): Promise<CodeLogin> {
    const { config, oauth } = this.#parts;
    const res = responseTo(req);
    if (res?.headersSent === false) forbidCaching(res);
    requireOwnClient(req, config);
    requirePostedCode(options);
    sessionOf(req);
    const { code, codeVerifier, redirectUri, onLogin } = options;
    // The hash includes the verifier: the same code with another verifier is another login, and Discord checks it.
    const grantId = grantIdOf("posted", redirectUri, codeVerifier, code);
    const inFlight = this.#redemption.inFlight(grantId);
    const isOwn = (login: LoginRecord | undefined) =>
      signInOf(sessionOf(req), config.clientId)?.grantId === grantId ||
      (codeVerifier !== undefined && login !== undefined && !hasPassed(REPEATABLE_MS, login.at));
    const result = await this.#redemption.redeem({
      req,
      res,
      code: {
        grantId,
        loginId: grantId,
        // Session ids may have a different form each time; requests that repeat a code need the same record.
        keyForm: inFlight ? inFlight.keyForm : keyFormOf(sessionIdOf(req)),
        scopes: [],
        exchange: () => oauth.exchangeCode(code, codeVerifier, redirectUri ?? null),
      },
      kind: "posted",
      flow: {},
      onLogin,
      mayRepeat: (login, sharesExchange) => sharesExchange || isOwn(login),
    });
    return result as CodeLogin;
  }
}
