import type { IncomingMessage, ServerResponse } from "node:http";
import { hasPassed } from "../clock.js";
import { digestOf } from "../digest.js";
import type { LoginRecord } from "../grants/grant-record.js";
import { keyFormOf } from "../grants/record-keys.js";
import { sessionIdOf, sessionOf, signInOf } from "../grants/session-data.js";
import type { Token } from "../grants/token.js";
import type { CodeOptions } from "../options.js";
import type { Code, CodeRedemption, Redemption } from "./code-redemption.js";
import type { CodeLogin, LoginResult } from "./login.js";
import type { LoginParts } from "./login-parts.js";
import { forbidCaching } from "./manners.js";
import { requireOwnClient, requirePostedCode } from "./posted-code-checks.js";
import type { SignIns } from "./sign-ins.js";

const GRANT_ID_CHARS = 24;
const REPEATABLE_MS = 60_000;

/**
 * Signs visitors in with codes that their clients post: Activities and mobile apps, which Discord does not redirect
 * to the callback. These logins have no cookie. Only the session that a code has signed in, or the client's
 * verifier, proves that a repeated code comes from the same client.
 */
export class PostedCodes {
  readonly #parts: LoginParts;
  readonly #redemption: CodeRedemption;
  readonly #signIns: SignIns;

  constructor(parts: LoginParts, redemption: CodeRedemption, signIns: SignIns) {
    this.#parts = parts;
    this.#redemption = redemption;
    this.#signIns = signIns;
  }

  /** @throws HttpException, RateLimited, and any error of `onLogin` */
  async signIn(req: IncomingMessage, options: CodeOptions): Promise<CodeLogin> {
    // Express sets `req.res`.
    const { res } = req as IncomingMessage & { readonly res?: ServerResponse };
    if (res?.headersSent === false) forbidCaching(res);
    requireOwnClient(req, this.#parts.config);
    requirePostedCode(options);
    sessionOf(req);
    const visit = {
      req,
      res,
      code: this.#codeOf(req, options),
      flow: { data: undefined, returnTo: undefined },
      onLogin: options.onLogin,
      signsIn: "always",
    } as const;
    const redemption = this.#signIns.redemption(visit);
    return this.#redemption.redeem(
      this.#withAccessToken(req, redemption, options.codeVerifier !== undefined),
    );
  }

  #codeOf(req: IncomingMessage, { code, codeVerifier, redirectUri }: CodeOptions): Code {
    // The hash includes the verifier: the same code with another verifier is another login, and Discord checks it.
    const secret = ["posted", redirectUri, codeVerifier, code].join("\n");
    const grantId = digestOf(secret).slice(0, GRANT_ID_CHARS);
    const inFlight = this.#redemption.inFlight(grantId);
    return {
      grantId,
      loginId: grantId,
      // Session ids may have a different form each time; requests that repeat a code need the same record.
      keyForm: inFlight ? inFlight.keyForm : keyFormOf(sessionIdOf(req)),
      scopes: [],
      exchange: () => this.#parts.oauth.exchangeCode(code, codeVerifier, redirectUri ?? null),
    };
  }

  #withAccessToken(
    req: IncomingMessage,
    redemption: Redemption<LoginResult>,
    hasVerifier: boolean,
  ): Redemption<CodeLogin> {
    const { config, grants, storageOf } = this.#parts;
    const isOwn = (login: LoginRecord | undefined) =>
      signInOf(sessionOf(req), config.clientId)?.grantId === redemption.code.grantId ||
      (hasVerifier && login !== undefined && !hasPassed(REPEATABLE_MS, login.at));
    return {
      ...redemption,
      async complete(redeemed, over) {
        const completed = await redemption.complete(redeemed, over);
        return { ...completed, result: toCodeLogin(completed.result, redeemed.token) };
      },
      mayRepeat: (login, sharesExchange) => sharesExchange || isOwn(login),
      async repeat(login) {
        const result = await redemption.repeat(login);
        return toCodeLogin(result, await grants.validToken(storageOf(req)));
      },
    };
  }
}

function toCodeLogin(result: LoginResult, { accessToken }: Token): CodeLogin {
  return Object.defineProperty(result, "accessToken", { value: accessToken }) as CodeLogin;
}
