import { now, sleep } from "../clock.js";
import { HttpException, RateLimited } from "../errors.js";
import type { GrantRecord } from "../grants/grant-record.js";
import { LOOK_AGAIN_MS } from "../grants/time-limits.js";
import type { Token } from "../grants/token.js";
import { NOBODY } from "../grants/token-storage.js";
import { underLock } from "../grants/under-lock.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { TokenAnswer } from "../oauth/token-answer.js";
import { requireGranted } from "../scopes.js";
import { type Attempt, type Code, codeEnded, codeRejected, type Redeemed } from "./code.js";
import type { LoginResult } from "./login.js";
import { RefusedCodes } from "./refused-codes.js";
import { type Completable, type LoginParts, SignIns } from "./sign-ins.js";

/** The requests with one code in this process. They run one after another. */
interface Queue {
  /** The code as it came with the first request. */
  readonly code: Code;
  last: Promise<void>;
  /** Whether a request has exchanged the code. */
  hasExchanged: boolean;
  /** Whether the request that exchanged the code has finished. */
  isRedeemed: boolean;
}

/** One request in the queue of its code. */
interface Turn extends Completable {
  readonly queue: Queue;
  /** Whether the request arrived before the code was redeemed. */
  readonly cameInTime: boolean;
}

/** Redeems each code once, however many requests and processes receive it. Later requests wait for the first. */
export class CodeRedemption {
  readonly #parts: LoginParts;
  readonly #signIns: SignIns;
  readonly #queues = new Map<string, Queue>();
  readonly #refused = new RefusedCodes();

  constructor(parts: LoginParts) {
    this.#parts = parts;
    this.#signIns = new SignIns(parts);
  }

  /** The logins being completed. A code works once, so an interrupted login would be lost. */
  get inFlight(): Promise<void>[] {
    return [...this.#queues.values()].map(({ last }) => last);
  }

  /** @throws HttpException code_rejected, and any error of completing the login */
  redeem(request: Attempt): Promise<LoginResult> {
    const { config, storages } = this.#parts;
    const { grantId } = request.code;
    const queue: Queue = this.#queues.get(grantId) ?? {
      code: request.code,
      last: Promise.resolve(),
      hasExchanged: false,
      isRedeemed: false,
    };
    // Session ids may have a different form each time; requests that repeat a code need the same record.
    const { code } = queue;
    const attempt = { ...request, code };
    const record = storages.recordOfLogin(request.req, code);
    this.#queues.set(grantId, queue);
    const cameInTime = !queue.isRedeemed;
    const key = `discord-callback-${grantId}`;
    return new Promise((resolve, reject) => {
      const turn = { attempt, record, queue, cameInTime, resolve, over: () => over };
      const over: Promise<void> = queue.last
        .then(() => this.#refused.during(code, () => underLock(config, key, () => this.#redeem(turn))))
        .then(resolve, reject)
        .finally(() => {
          queue.isRedeemed = queue.hasExchanged;
          if (queue.last === over) this.#queues.delete(grantId);
        });
      queue.last = over;
    });
  }

  /** Tries until this process has completed the login or found it completed. */
  async #redeem(turn: Turn): Promise<LoginResult> {
    const { record } = turn;
    const lease = record?.lease;
    let mayResume = !lease;
    for (;;) {
      await lease?.acquire();
      const task = () => this.#asHolder(turn, mayResume);
      const outcome = await (lease ? lease.during(task) : task()).catch(async (error: unknown) => {
        await lease?.release();
        throw error;
      });
      // Another process may hold the lease, so do not release it.
      if (outcome === "other process") continue;
      if (outcome === "pending") {
        mayResume = !(record && (await this.#hasOtherProcess(record)));
        continue;
      }
      await lease?.release();
      return outcome;
    }
  }

  /**
   * Repeats the login if it has finished, resumes it if its tokens are stored, or else exchanges the code.
   *
   * @param mayResume whether to complete a pending login, because no other process is doing so
   * @returns `"other process"` if one has exchanged the code first; `"pending"` if one may be completing the login
   */
  async #asHolder(turn: Turn, mayResume: boolean): Promise<LoginResult | "other process" | "pending"> {
    const { attempt, record, queue, cameInTime } = turn;
    const { grantId } = attempt.code;
    const [stored, marker] = await Promise.all([record?.readContent(), record?.readEndedMarker()]);
    const content = stored ?? this.#signIns.contentOf(grantId);
    if (marker || this.#parts.grants.memory.ended(grantId)) throw codeEnded();
    const login = content?.login;
    if (content && !attempt.mayRepeat(login, cameInTime && queue.hasExchanged))
      throw codeRejected(
        "This code has already been used for a sign-in. A code works once: request a new one from Discord.",
      );
    if (login && !login.isPending) return this.#signIns.repeat(attempt, login);
    if (login && !mayResume) return "pending";
    // A stored token means that the request that exchanged the code could not finish.
    const redeemed = content?.token ? { token: content.token } : await this.#exchange(turn);
    if (!redeemed) return "other process";
    if (!stored?.token) await this.#keepPending(record, redeemed.token);
    return this.#signIns.complete(turn, { ...redeemed, token: await this.#identify(turn, redeemed.token) });
  }

  /** @returns `undefined` when another process has exchanged this code first */
  async #exchange(turn: Turn): Promise<Redeemed | undefined> {
    const { attempt, record, queue } = turn;
    const { code } = attempt;
    let answer: TokenAnswer;
    try {
      answer = await code.exchange();
    } catch (error) {
      if (!(error instanceof TokenRequestRefused)) throw error;
      if (record && (await this.#hasOtherProcess(record, { orRecord: true }))) return undefined;
      const rejection = codeRefused(error);
      this.#refused.add(code, rejection);
      throw rejection;
    }
    queue.hasExchanged = true;
    const token = toToken(answer, code);
    if (attempt.kind === "connection") requireGranted(token.scopes, ["identify"], "Connecting an account");
    return { token, guild: answer.guild, webhook: answer.webhook };
  }

  /**
   * Fetches the user now so the first page does not have to. Unless Discord refuses the token, a failure ends only
   * connections, which are nothing without a user. The token is already stored: if this process dies, or a rate limit
   * delays a connection, a reload completes the login.
   */
  async #identify({ attempt, record }: Turn, token: Token): Promise<Token> {
    const { grants, users } = this.#parts;
    if (token.userId !== undefined || !token.scopes.includes("identify")) return token;
    try {
      return { ...token, userId: (await users.ofNewLogin(token)).id };
    } catch (error) {
      const end = () => grants.end(record ?? NOBODY, token.id).catch(() => undefined);
      if (attempt.kind === "connection") {
        if (!(error instanceof RateLimited)) await end();
        throw error;
      }
      if (!(error instanceof HttpException) || error.status !== 401) return token;
      // The user has since signed out everywhere, or removed the app.
      await end();
      throw codeEnded();
    }
  }

  async #keepPending(record: GrantRecord | undefined, token: Token): Promise<void> {
    const { scopes, userId } = token;
    const login = { isPending: true, scopes, userId, at: now() };
    if (!record) return this.#signIns.remember({ token, login });
    await record.writeContent({ token, login }).catch((error: unknown) => {
      this.#signIns.remember({ token, login });
      throw error;
    });
    await record.checkKept();
    if (await record.readEndedMarker()) throw codeEnded();
  }

  /**
   * Whether another process is redeeming the same code. Both may have acquired the lease at once; the other one
   * renews it. With `orRecord`, an existing record counts as well.
   */
  async #hasOtherProcess(record: GrantRecord, { orRecord = false } = {}): Promise<boolean> {
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

function codeRefused({ error, description }: TokenRequestRefused): HttpException {
  return codeRejected(
    `Discord rejected the code of this login (${error}${description ? `: ${description}` : ""}). A code works once, within 100 seconds. If every login fails, check that all processes have the same redirect URI.`,
    { error, description, method: "POST", route: "/oauth2/token" },
  );
}
