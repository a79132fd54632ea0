import { now, sleep } from "../clock.js";
import { HttpException, RateLimited } from "../errors.js";
import type { GrantRecord, RecordContent } from "../grants/grant-record.js";
import type { KeyForm } from "../grants/record-keys.js";
import { LOOK_AGAIN_MS } from "../grants/time-limits.js";
import type { Token } from "../grants/token.js";
import { NOBODY } from "../grants/token-storage.js";
import { underLock } from "../grants/under-lock.js";
import { TokenRequestRefused } from "../oauth/oauth-errors.js";
import type { TokenAnswer } from "../oauth/token-answer.js";
import { requireGranted } from "../scopes.js";
import { type Attempt, codeEnded, codeRejected, type Redeemed, type Turn } from "./code.js";
import type { LoginResult } from "./login.js";
import { RefusedCodes } from "./refused-codes.js";
import { type LoginParts, SignIns } from "./sign-ins.js";

/** The requests with one code in this process. They run one after another. */
interface Queue {
  /** Session ids may have a different form each time; requests that repeat a code need the same record. */
  readonly keyForm: KeyForm | undefined;
  last: Promise<void>;
  /** Whether a request has exchanged the code. */
  hasExchanged: boolean;
  /** Whether the request that exchanged the code has finished. */
  isRedeemed: boolean;
}

interface QueuedTurn extends Turn {
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
  redeem(attempt: Attempt): Promise<LoginResult> {
    const { config, storages } = this.#parts;
    const { req, grantId } = attempt;
    const queue: Queue = this.#queues.get(grantId) ?? {
      keyForm: attempt.keyForm,
      last: Promise.resolve(),
      hasExchanged: false,
      isRedeemed: false,
    };
    this.#queues.set(grantId, queue);
    const { keyForm, isRedeemed } = queue;
    const record = storages.recordOfLogin(req, { grantId, keyForm });
    const key = `discord-callback-${grantId}`;
    return new Promise((resolve, reject) => {
      const place = { keyForm, record, queue, cameInTime: !isRedeemed };
      const turn: QueuedTurn = { ...attempt, ...place, resolve, over: () => over };
      const over: Promise<void> = queue.last
        .then(() => this.#refused.during(turn, () => underLock(config, key, () => this.#redeem(turn))))
        .then(resolve, reject)
        .finally(() => {
          queue.isRedeemed = queue.hasExchanged;
          if (queue.last === over) this.#queues.delete(grantId);
        });
      queue.last = over;
    });
  }

  /** Tries until this process has completed the login or found it completed. */
  async #redeem(turn: QueuedTurn): Promise<LoginResult> {
    const { record } = turn;
    const lease = record?.lease;
    let mayResume = !lease;
    for (;;) {
      await lease?.acquire();
      let outcome: LoginResult | "other process" | "pending" | undefined;
      try {
        const task = () => this.#asHolder(turn, mayResume);
        outcome = await (lease ? lease.during(task) : task());
      } finally {
        // Another process may hold the lease.
        if (typeof outcome !== "string") await lease?.release();
      }
      if (typeof outcome !== "string") return outcome;
      mayResume = outcome === "pending" && !(await hasOtherProcess(record));
    }
  }

  /**
   * Repeats the login if it has finished, resumes it if its tokens are stored, or else exchanges the code.
   *
   * @param mayResume whether to complete a pending login, because no other process is doing so
   * @returns `"other process"` if one has exchanged the code first; `"pending"` if one may be completing the login
   */
  async #asHolder(turn: QueuedTurn, mayResume: boolean): Promise<LoginResult | "other process" | "pending"> {
    const { grantId, record, queue, cameInTime } = turn;
    const [stored, marker] = await Promise.all([record?.readContent(), record?.readEndedMarker()]);
    const content: RecordContent | undefined = stored ?? this.#signIns.remembered.get(grantId);
    if (marker || this.#parts.grants.memory.ended(grantId)) throw codeEnded();
    const login = content?.login;
    if (content && turn.mayRepeat?.(login, cameInTime && queue.hasExchanged) === false)
      throw codeRejected(
        "This code has already been used for a sign-in. A code works once: request a new one from Discord.",
      );
    if (login && !login.isPending) return this.#signIns.repeat(turn, login);
    if (login && !mayResume) return "pending";
    // A stored token means that the request that exchanged the code could not finish.
    const redeemed = content?.token ? { token: content.token } : await this.#exchange(turn);
    if (!redeemed) return "other process";
    if (!stored?.token) await this.#keepPending(record, redeemed.token);
    return this.#signIns.complete(turn, { ...redeemed, token: await this.#identify(turn, redeemed.token) });
  }

  /** @returns `undefined` when another process has exchanged this code first */
  async #exchange(turn: QueuedTurn): Promise<Redeemed | undefined> {
    const { record } = turn;
    let answer: TokenAnswer;
    try {
      answer = await turn.exchange();
    } catch (error) {
      if (!(error instanceof TokenRequestRefused)) throw error;
      if (await hasOtherProcess(record, () => record?.readContent())) return undefined;
      const rejection = codeRefused(error);
      this.#refused.add(turn, rejection);
      throw rejection;
    }
    turn.queue.hasExchanged = true;
    const token = toToken(answer, turn);
    if (turn.kind === "connection") requireGranted(token.scopes, ["identify"], "Connecting an account");
    return { token, guild: answer.guild, webhook: answer.webhook };
  }

  /**
   * Fetches the user now so the first page does not have to. Unless Discord refuses the token, a failure ends only
   * connections, which are nothing without a user. The token is already stored: if this process dies, or a rate limit
   * delays a connection, a reload completes the login.
   */
  async #identify({ kind, record }: Turn, token: Token): Promise<Token> {
    const { grants, users } = this.#parts;
    if (token.userId !== undefined || !token.scopes.includes("identify")) return token;
    try {
      return { ...token, userId: (await users.ofNewLogin(token)).id };
    } catch (error) {
      const end = () => grants.end(record ?? NOBODY, token.id).catch(() => undefined);
      if (kind === "connection") {
        if (!(error instanceof RateLimited)) await end();
        throw error;
      }
      if (!(error instanceof HttpException) || error.status !== 401) return token;
      // The user has since signed out everywhere, or removed the app.
      await end();
      throw codeEnded();
    }
  }

  /** Stores the token of a pending login. If that fails, a reload completes the login from memory. */
  async #keepPending(record: GrantRecord | undefined, token: Token): Promise<void> {
    const { id, scopes, userId } = token;
    const content = { token, login: { isPending: true, scopes, userId, at: now() } };
    this.#signIns.remembered.set(id, content);
    await record?.writeContent(content);
    await record?.checkKept();
    if (await record?.readEndedMarker()) throw codeEnded();
  }
}

/**
 * Whether another process is redeeming the same code. Both may have acquired the lease at once; the other one renews
 * it.
 *
 * @param readRecord if given, an existing record counts as well
 */
async function hasOtherProcess(
  record: GrantRecord | undefined,
  readRecord?: () => Promise<RecordContent | undefined> | undefined,
): Promise<boolean> {
  if (!record?.lease) return false;
  for (const pauseMs of LOOK_AGAIN_MS) {
    await sleep(pauseMs);
    if ((await record.lease.holder()) || (await readRecord?.())) return true;
  }
  return false;
}

/** Copies each property by name: with a rest pattern, V8 creates a hidden class of hundreds of bytes for each token. */
function toToken(
  { accessToken, refreshToken, scopes, issuedAt, expiresAt }: TokenAnswer,
  { grantId, scopes: asked }: Attempt,
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
