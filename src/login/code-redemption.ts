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
import { RefusedCodes } from "./refused-codes.js";

/** An authorization code from Discord. Each code is a login of its own. */
export interface Code {
  /** The id of the code's grant: a hash of the code and the login it belongs to. */
  readonly grantId: string;
  /** The login the code belongs to. Several codes may arrive for one login. */
  readonly loginId: string;
  readonly keyForm: KeyForm | undefined;
  /** Exchanges the code at Discord. @throws TokenRequestRefused, HttpException, RateLimited */
  exchange(): Promise<TokenAnswer>;
  /** The requested scopes. */
  readonly scopes: readonly string[];
}

/** The result of a code exchange, from this request or from an earlier one that could not finish. */
export interface Redeemed {
  readonly token: Token;
  readonly guild?: unknown;
  readonly webhook?: unknown;
}

/** How one request redeems a code. */
export interface Redemption<Result> {
  readonly code: Code;
  /** The record of the login; `undefined` if the app has no store. */
  readonly record: GrantRecord | undefined;
  /** Returns the login from this process's memory, if it has no record. */
  former(): LoginRecord | undefined;
  /** Fetches the user the token belongs to. */
  identify(token: Token): Promise<Token>;
  /**
   * Signs the visitor in.
   *
   * @param over resolves when the redemption has finished and repeated callbacks can be answered
   */
  complete(redeemed: Redeemed, over: Promise<void>): Promise<Completed<Result>>;
  /**
   * Whether this request may use the result of an earlier exchange of the same code.
   *
   * @param login the earlier login; `undefined` if its record has none
   * @param sharesExchange whether this request arrived while this process was exchanging the code
   */
  mayRepeat(login: LoginRecord | undefined, sharesExchange: boolean): boolean;
  /** Answers a callback whose login has already finished. */
  repeat(login: LoginRecord): Promise<Result>;
}

/** The outcome of {@link Redemption.complete}. */
export interface Completed<Result> {
  readonly result: Result;
  /** Whether the app continues to handle the request, and `finish` must wait for it. */
  readonly isOpen: boolean;
  /** Records the login as finished. Repeated callbacks wait until then. */
  finish(): Promise<void>;
}

/** The requests with one code in this process. They run one after another. */
interface Queue {
  readonly code: Code;
  last: Promise<void>;
  /** Whether a request has exchanged the code. */
  hasExchanged: boolean;
  /** Whether the request that exchanged the code has finished. */
  isRedeemed: boolean;
}

/** Redeems each code once, however many requests and processes receive it. Later requests wait for the first. */
export class CodeRedemption {
  readonly #config: Config;
  readonly #grants: Grants;
  readonly #queues = new Map<string, Queue>();
  readonly #refused = new RefusedCodes();

  constructor(config: Config, grants: Grants) {
    this.#config = config;
    this.#grants = grants;
  }

  /** The number of codes being redeemed. */
  get busy(): number {
    return this.#queues.size;
  }

  /** Returns the code with this grant id that is being redeemed, as it came with the first request. */
  inFlight(grantId: string): Code | undefined {
    return this.#queues.get(grantId)?.code;
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#queues.values()].map(({ last }) => last));
  }

  /** @throws HttpException code_rejected, and any error of completing the login */
  redeem<Result>(redemption: Redemption<Result>): Promise<Result> {
    const { code } = redemption;
    const { grantId } = code;
    const queue: Queue = this.#queues.get(grantId) ?? {
      code,
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
        .then(() => {
          const task = () => this.#redeem(redemption, queue, cameInTime, resolve, over);
          return this.#refused.during(code, () => this.#underLock(grantId, task));
        })
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
    const { record } = redemption;
    const lease = record?.lease;
    let mayResume = !lease;
    for (;;) {
      await lease?.acquire();
      const task = () => this.#asHolder(redemption, queue, cameInTime, mayResume, resolve, over);
      const outcome = await (lease ? lease.during(task) : task()).catch(async (error: unknown) => {
        await lease?.release();
        throw error;
      });
      // Another process may hold the lease, so do not release it.
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
   * @param mayResume whether to complete a pending login, because no other process is doing so
   * @param resolve returns the result to the caller before the login is recorded as finished
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
    // A stored token means that the request that exchanged the code could not finish.
    const redeemed = content?.token
      ? { token: content.token }
      : await this.#exchange(code, record, queue, identify);
    if (!redeemed) return "other process";
    const { result, isOpen, finish } = await complete(redeemed, over);
    if (isOpen) resolve(result);
    await finish().catch(() => undefined);
    return { result };
  }

  /** @returns `undefined` when another process has exchanged this code first */
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
      this.#refused.add(code, rejection);
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
   * Whether another process is redeeming the same code. Both may have acquired the lease at once; the other one
   * renews it.
   *
   * @param orRecord whether an existing record also counts
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

/** Copies each property by name: with a rest pattern, V8 creates a hidden class of hundreds of bytes for each token. */
function toToken(
  { accessToken, refreshToken, scopes, issuedAt, expiresAt }: TokenAnswer,
  { grantId, scopes: asked }: Code,
): Token {
  const granted = scopes.length > 0 ? scopes : asked;
  return { id: grantId, accessToken, refreshToken, scopes: granted, issuedAt, expiresAt, userId: undefined };
}

function codeRejected({ error, description }: TokenRequestRefused): HttpException {
  return new HttpException({
    message: `Discord rejected the code of this login (${error}${description ? `: ${description}` : ""}). A code works once, within 100 seconds. If every login fails, check that all processes have the same redirect URI.`,
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
    message:
      "This code has already been used for a sign-in. A code works once: request a new one from Discord.",
    code: "code_rejected",
    status: 400,
  });
}

/** The error for a login that has ended before it was complete, or before its callback was repeated. */
export function codeEnded(): HttpException {
  return new HttpException({
    message:
      "This login has ended: the app refused it, or the visitor has signed out since. Start a new login.",
    code: "code_rejected",
    status: 400,
  });
}
