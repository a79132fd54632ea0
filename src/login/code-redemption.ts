import { LRUCache } from "lru-cache";
import { now, sleep } from "../clock.js";
import type { Config } from "../config.js";
import { HttpException } from "../errors.js";
import type { GrantRecord, LoginRecord } from "../grants/grant-record.js";
import type { Grants } from "../grants/grants.js";
import type { KeyForm } from "../grants/record-keys.js";
import { LOOK_AGAIN_MS } from "../grants/time-limits.js";
import type { Token } from "../grants/token.js";
import { underLock } from "../grants/under-lock.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { TokenAnswer } from "../oauth/token-answer.js";

const MOST_REFUSALS_PER_LOGIN = 5;
const REMEMBERED_MS = 600_000;
const REMEMBERED = 10_000;

/** A code that came back from Discord. The code is the login: another code is another login. */
export interface Code {
  /** The id of its grant, a hash of the code and of the login that it belongs to. */
  readonly grantId: string;
  /** The login that it belongs to; several codes may come for one. */
  readonly loginId: string;
  readonly keyForm: KeyForm | undefined;
  /** Asks Discord. @throws TokenRequestRefused, HttpException, RateLimited */
  exchange(): Promise<TokenAnswer>;
  /** The scopes that were asked for. */
  readonly scopes: readonly string[];
}

/** What a code was exchanged for, now or a moment ago by a request that could not finish. */
export interface Redeemed {
  readonly token: Token;
  readonly guild?: unknown;
  readonly webhook?: unknown;
}

/** What a request does with a code. */
export interface Redemption<Result> {
  readonly code: Code;
  /** Where the record of the login is kept; `undefined` where the app has no store. */
  readonly record: GrantRecord | undefined;
  /** What this process knows of the login, where it has no record. */
  former(): LoginRecord | undefined;
  /** Finds out who the token belongs to. */
  identify(token: Token): Promise<Token>;
  /**
   * Signs the visitor in.
   *
   * @param over resolves when repeated callbacks can be answered
   */
  complete(redeemed: Redeemed, over: Promise<void>): Promise<Completed<Result>>;
  /**
   * Whether this request may have what the code was exchanged for before.
   *
   * @param login what is known about that; nothing when a record does not say
   * @param sharesExchange whether the exchange had not ended in this process when this request came
   */
  mayRepeat(login: LoginRecord | undefined, sharesExchange: boolean): boolean;
  /** The same code came before, and its login is over. */
  repeat(login: LoginRecord): Promise<Result>;
}

/** A login that has signed the visitor in. */
export interface Completed<Result> {
  readonly result: Result;
  /** Whether the app is still at work on the login, and its request must go on before that can be recorded. */
  readonly isOpen: boolean;
  /** Records that the app is done with the login. Until then, repeated callbacks wait. */
  finish(): Promise<void>;
}

/** The requests with one code in this process, which take turns. */
interface Queue {
  last: Promise<void>;
  /** Whether one of them has exchanged the code. */
  hasExchanged: boolean;
  /** Whether the turn that exchanged it is over. */
  isRedeemed: boolean;
}

/** Redeems each code once, however many requests and processes bring it. Those that come later wait for the first. */
export class CodeRedemption {
  readonly #config: Config;
  readonly #grants: Grants;
  readonly #queues = new Map<string, Queue>();
  readonly #refused = new LRUCache<string, HttpException>({
    max: REMEMBERED,
    ttl: REMEMBERED_MS,
    ttlResolution: 0,
    perf: { now },
  });
  readonly #refusals = new LRUCache<string, number>({ max: REMEMBERED });

  constructor(config: Config, grants: Grants) {
    this.#config = config;
    this.#grants = grants;
  }

  /** How many codes are being redeemed. */
  get busy(): number {
    return this.#queues.size;
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ last }) => last));
  }

  /** @throws HttpException code_rejected, and what completing the login throws */
  redeem<Result>(redemption: Redemption<Result>): Promise<Result> {
    const { grantId } = redemption.code;
    const queue: Queue = this.#queues.get(grantId) ?? {
      last: Promise.resolve(),
      hasExchanged: false,
      isRedeemed: false,
    };
    this.#queues.set(grantId, queue);
    const cameInTime = !queue.isRedeemed;
    return new Promise((resolve, reject) => {
      let isOver = () => {};
      const over = new Promise<void>((settle) => {
        isOver = settle;
      });
      const turn = queue.last
        .then(() =>
          this.#underLock(grantId, () => this.#redeem(redemption, queue, cameInTime, resolve, over)),
        )
        .then(resolve, reject)
        .finally(() => {
          queue.isRedeemed = queue.hasExchanged;
          if (queue.last === turn) this.#queues.delete(grantId);
          isOver();
        });
      queue.last = turn;
    });
  }

  #underLock<T>(grantId: string, task: () => Promise<T>): Promise<T> {
    const { lock, timeoutMs } = this.#config;
    return lock ? underLock(lock, `discord-callback-${grantId}`, 2 * timeoutMs, task) : task();
  }

  async #redeem<Result>(
    redemption: Redemption<Result>,
    queue: Queue,
    cameInTime: boolean,
    resolve: (result: Result) => void,
    over: Promise<void>,
  ): Promise<Result> {
    const { code, record } = redemption;
    const refused = this.#refused.get(code.grantId);
    if (refused) throw refused;
    if ((this.#refusals.get(code.loginId) ?? 0) >= MOST_REFUSALS_PER_LOGIN) throw tooManyCodes();
    const lease = record?.lease;
    let mayResume = !lease;
    for (;;) {
      await lease?.acquire();
      const task = () => this.#asHolder(redemption, queue, cameInTime, mayResume, resolve, over);
      const outcome = await (lease ? lease.during(task) : task()).catch(async (error: unknown) => {
        await lease?.release();
        throw error;
      });
      // Another process may hold the lease then, and it must not be released for it.
      if (outcome === "other process") continue;
      if (outcome === "pending") {
        mayResume = !(record && (await this.#hasOtherProcess(record, false)));
        continue;
      }
      await lease?.release();
      return outcome.result;
    }
  }

  /**
   * @param mayResume whether no process can be completing a login that is pending
   * @param resolve gives the request its result while the app is still at work on the login
   */
  async #asHolder<Result>(
    { code, record, former, identify, complete, mayRepeat, repeat }: Redemption<Result>,
    queue: Queue,
    cameInTime: boolean,
    mayResume: boolean,
    resolve: (result: Result) => void,
    over: Promise<void>,
  ): Promise<{ readonly result: Result } | "other process" | "pending"> {
    const { grantId } = code;
    const [content, marker] = await Promise.all([record?.readContent(), record?.readEndedMarker()]);
    if (marker || this.#grants.hasEnded(grantId)) throw codeEnded();
    const login = record ? content?.login : former();
    if ((login || content) && !mayRepeat(login, cameInTime && queue.hasExchanged)) throw codeSpent();
    if (login && !login.isPending) return { result: await repeat(login) };
    if (login && !mayResume) return "pending";
    // The request that exchanged the code could not finish.
    const redeemed = content?.token
      ? { token: content.token }
      : await this.#exchange(code, record, queue, identify);
    if (!redeemed) return "other process";
    const { result, isOpen, finish } = await complete(redeemed, over);
    if (isOpen) resolve(result);
    await finish().catch(() => undefined);
    return { result };
  }

  /** @returns `undefined` when another process has this code, too, and is faster */
  async #exchange(
    code: Code,
    record: GrantRecord | undefined,
    queue: Queue,
    identify: (token: Token) => Promise<Token>,
  ): Promise<Redeemed | undefined> {
    let answer: TokenAnswer;
    try {
      answer = await code.exchange();
    } catch (error) {
      if (!(error instanceof TokenRequestRefused)) throw error;
      if (record && (await this.#hasOtherProcess(record, true))) return undefined;
      const rejection = codeRejected(error);
      this.#refused.set(code.grantId, rejection);
      this.#refusals.set(code.loginId, (this.#refusals.get(code.loginId) ?? 0) + 1);
      throw rejection;
    }
    queue.hasExchanged = true;
    const token = await identify(toToken(answer, code));
    if (record) await this.#writePending(record, token);
    return { token, guild: answer.guild, webhook: answer.webhook };
  }

  async #writePending(record: GrantRecord, token: Token): Promise<void> {
    const { scopes, userId } = token;
    await record.writeContent({ token, login: { isPending: true, scopes, userId, at: now() } });
    await record.checkKept();
    this.#grants.began(token, record);
    if (await record.readEndedMarker()) throw codeEnded();
  }

  /**
   * Whether another process has the same code. Both may have taken the lease at once; the other one renews it.
   *
   * @param orRecord whether a record says so, too
   */
  async #hasOtherProcess(record: GrantRecord, orRecord: boolean): Promise<boolean> {
    if (!record.isShared) return false;
    for (const pauseMs of LOOK_AGAIN_MS) {
      await sleep(pauseMs);
      if ((await record.lease?.holder()) || (orRecord && (await record.readContent()))) return true;
    }
    return false;
  }
}

/** Property by property: V8 gives each object that a rest pattern copies a hidden class of its own, hundreds of bytes large. */
function toToken(
  { accessToken, refreshToken, scopes, issuedAt, expiresAt }: TokenAnswer,
  { grantId, scopes: asked }: Code,
): Token {
  const granted = scopes.length > 0 ? scopes : asked;
  return { id: grantId, accessToken, refreshToken, scopes: granted, issuedAt, expiresAt, userId: undefined };
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

function codeSpent(): HttpException {
  return new HttpException({
    message: "This code has signed somebody in before, and works once. Ask Discord for a new one.",
    code: "code_rejected",
    status: 400,
  });
}

function codeEnded(): HttpException {
  return new HttpException({
    message: "This login was completed before and has been signed out since. Start a new one.",
    code: "code_rejected",
    status: 400,
  });
}

function tooManyCodes(): HttpException {
  return new HttpException({
    message: "Discord refused five codes for this login, so it is over. Start a new one.",
    code: "code_rejected",
    status: 400,
  });
}
