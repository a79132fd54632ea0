import type { IncomingMessage } from "node:http";
import { LRUCache } from "lru-cache";
import { hasPassed, now, sleep } from "../clock.js";
import type { Config } from "../config.js";
import { digestOf } from "../digest.js";
import { HttpException } from "../errors.js";
import type { Token } from "../grants/grant.js";
import { underLock } from "../grants/under-lock.js";
import type { OAuth } from "../oauth/oauth.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { TokenAnswer } from "../oauth/token-answer.js";
import type { Users } from "../users/users.js";
import type { Flow } from "./flow.js";
import type { GrantKeeper } from "./grant-keeper.js";

const OUTCOME_KEPT_MS = 600_000;
const OUTCOMES_KEPT = 1000;
const LOOK_FOR_OUTCOME_MS = 2000;
const PAUSE_MS = 100;
const GRANT_ID_CHARS = 24;

/** What exchanges are made with. */
export interface ExchangeParts {
  readonly config: Config;
  readonly oauth: OAuth;
  readonly users: Users;
  readonly keeper: GrantKeeper;
}

/** What the exchange of a code gave. `replayed`: it had been exchanged before. */
export interface Outcome {
  readonly replayed: boolean;
  readonly token: Token;
  readonly guild?: unknown;
  readonly webhook?: unknown;
}

/** The grant of a callback, and whether another callback of the same login was given it, too. */
interface Kept {
  readonly token: Token;
  isShared: boolean;
}

/** The exchanges of codes for tokens: one for each login, however often its callback comes. */
export class Exchanges {
  readonly #parts: ExchangeParts;
  readonly #underway = new Map<string, { readonly code: string; readonly outcome: Promise<Outcome> }>();
  /** The grants of recent callbacks, for those that come twice. */
  readonly #outcomes = new LRUCache<string, Kept>({
    max: OUTCOMES_KEPT,
    ttl: OUTCOME_KEPT_MS,
    ttlResolution: 0,
    perf: { now },
  });

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** Forgets the outcome of a login that was signed out since. */
  forget(grantId: string): void {
    this.#outcomes.delete(grantId);
  }

  /** Whether several callbacks were given this grant. */
  isShared(grantId: string): boolean {
    return this.#outcomes.get(grantId)?.isShared === true;
  }

  /**
   * Callbacks with the same state are one login, and have one grant id: a double click, a reload, and Discord's page when
   * it sends the visitor back twice, with a code each.
   */
  async once(req: IncomingMessage, flow: Flow, code: string): Promise<Outcome> {
    const grantId = digestOf(`grant\n${flow.state}`).slice(0, GRANT_ID_CHARS);
    const underway = this.#underway.get(grantId);
    if (underway !== undefined) {
      const outcome = await (underway.code === code
        ? underway.outcome
        : underway.outcome.catch(() => undefined));
      if (outcome) return this.#shared(outcome.token);
    }
    const outcome = this.#exchange(req, flow, code, grantId).finally(() => this.#underway.delete(grantId));
    this.#underway.set(grantId, { code, outcome });
    return outcome;
  }

  async #exchange(req: IncomingMessage, flow: Flow, code: string, grantId: string): Promise<Outcome> {
    const { lock, timeoutMs } = this.#parts.config;
    const record = this.#parts.keeper.record(req, grantId);
    const known = this.#outcomes.get(grantId);
    if (known) {
      const token = record ? await record.readAgain() : known.token;
      if (token) return this.#shared(token);
    }
    if (!lock) return this.#exchangeNow(req, flow, code, grantId);
    return underLock(lock, `discord-callback-${grantId}`, 2 * timeoutMs, async () => {
      const token = await record?.readAgain();
      return token ? this.#shared(token) : this.#exchangeNow(req, flow, code, grantId);
    });
  }

  #shared(token: Token): Outcome {
    const known = this.#outcomes.get(token.id);
    if (known) known.isShared = true;
    return { replayed: true, token };
  }

  async #exchangeNow(req: IncomingMessage, flow: Flow, code: string, grantId: string): Promise<Outcome> {
    const { oauth, keeper, users } = this.#parts;
    try {
      const answer = await oauth.exchangeCode(code, flow.verifier);
      const token = await this.#withUserId(toToken(answer, grantId, flow.scopes));
      await keeper.create(req, token);
      this.#outcomes.set(grantId, { token, isShared: false });
      return { replayed: false, token, guild: answer.guild, webhook: answer.webhook };
    } catch (error) {
      users.forget(grantId);
      if (!(error instanceof TokenRequestRefused)) throw error;
      const token = await this.#grantOfOtherProcess(req, grantId);
      if (token) return { replayed: true, token };
      throw codeRejected(error);
    }
  }

  /** Asks for the user now, so that the first page need not; a login does not fail for the want of it. */
  async #withUserId(granted: Token): Promise<Token> {
    if (!granted.scopes.includes("identify")) return granted;
    const user = await this.#parts.users.userOfLogin(granted).catch(() => undefined);
    return { ...granted, userId: user?.id };
  }

  /** Another process may have exchanged this very code a moment ago. */
  async #grantOfOtherProcess(req: IncomingMessage, grantId: string): Promise<Token | undefined> {
    const record = this.#parts.keeper.record(req, grantId);
    if (!record?.claim) return undefined;
    const start = now();
    for (;;) {
      const token = await record.readAgain();
      if (token || hasPassed(LOOK_FOR_OUTCOME_MS, start)) return token;
      await sleep(PAUSE_MS);
    }
  }
}

/** Property by property: V8 gives each object that a rest pattern copies a hidden class of its own, hundreds of bytes large. */
function toToken(
  { accessToken, refreshToken, scopes, issuedAt, expiresAt }: TokenAnswer,
  id: string,
  asked: readonly string[],
): Token {
  const granted = scopes.length > 0 ? scopes : asked;
  return { id, accessToken, refreshToken, scopes: granted, issuedAt, expiresAt, userId: undefined };
}

function codeRejected({ error, description }: TokenRequestRefused): HttpException {
  return new HttpException({
    message: `Discord refused the code of this login (${error}${description ? `: ${description}` : ""}). Codes work once and for 100 seconds; if it happens always, two processes have different redirect URIs.`,
    code: "code_rejected",
    status: 400,
    error,
    description,
    method: "POST",
    route: "/oauth2/token",
  });
}
