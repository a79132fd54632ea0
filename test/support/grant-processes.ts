import { onTestFinished } from "vitest";
import { resolveConfig } from "../../src/config.js";
import { GrantRecord } from "../../src/grants/grant-record.js";
import { Grants } from "../../src/grants/grants.js";
import { inTokenStore } from "../../src/grants/record-store.js";
import { leaseMs } from "../../src/grants/time-limits.js";
import type { Token } from "../../src/grants/token.js";
import type { OAuth } from "../../src/oauth/oauth.js";
import { TokenRequestRefused } from "../../src/oauth/oauth-errors.js";
import type { TokenAnswer } from "../../src/oauth/token-answer.js";
import type { DiscordOptions } from "../../src/options.js";
import { createSeal } from "../../src/seal.js";
import { createGate, type Gate } from "./gate.js";
import { HeldMap } from "./held-map.js";
import { steppedClock } from "./stepped-clock.js";
import { GRANT_ID } from "./tokens.js";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;
/** A store that has not answered for so long in real time has failed. */
export const STORE_DEADLINE_MS = 40;

/** Discord's token endpoint with one grant, whose refresh tokens work once. It answers when the test says so. */
class TokenEndpoint {
  /** Every refresh token it was sent, oldest first. */
  readonly refreshed: string[] = [];
  readonly revoked: string[] = [];
  /** What it takes next. */
  current = "refresh 0";
  /** What refuses or fails. */
  fails: () => Error | undefined = () => undefined;
  /** Parts of its next answers. */
  changes: Partial<TokenAnswer> = {};
  #gate: Gate | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** From now on answers wait for this. */
  hold(): Gate {
    this.#gate = createGate();
    return this.#gate;
  }

  async refresh(refreshToken: string, onWait?: (ms: number) => void): Promise<TokenAnswer> {
    this.refreshed.push(refreshToken);
    const number = this.refreshed.length;
    const error = this.fails() ?? (refreshToken === this.current ? undefined : refusal());
    if (!error) this.current = `refresh ${number}`;
    onWait?.(0);
    await this.#gate?.opened;
    if (error) throw error;
    const issuedAt = this.#now();
    return {
      accessToken: `access ${number}`,
      refreshToken: `refresh ${number}`,
      scopes: ["identify"],
      issuedAt,
      expiresAt: issuedAt + WEEK_MS,
      guild: undefined,
      webhook: undefined,
      ...this.changes,
    };
  }

  async revoke({ accessToken }: Token): Promise<void> {
    this.revoked.push(accessToken);
  }
}

/** Discord's answer to a refresh token that is used up, or whose user removed the app. */
export function refusal(): Error {
  return new TokenRequestRefused("invalid_grant", undefined);
}

/** What becomes of a task, errors included: for those that fail before the test awaits them. */
export function outcomeOf(task: Promise<unknown>): Promise<unknown> {
  return task.catch((error: unknown) => error);
}

/** A process with its own memory. */
export interface GrantProcess {
  readonly grants: Grants;
  /** The grant's record, as a request with a session of this lifetime sees it. */
  record(lifetimeMs?: number): GrantRecord;
}

/** Any number of processes that share one store, one grant, one Discord and one clock. */
export async function startGrants(options: DiscordOptions = {}, storeDeadlineMs = STORE_DEADLINE_MS) {
  const clock = steppedClock();
  const store = new HeldMap();
  const discord = new TokenEndpoint(clock.now);
  const first: Token = {
    id: GRANT_ID,
    accessToken: "access 0",
    refreshToken: "refresh 0",
    scopes: ["identify", "guilds"],
    issuedAt: clock.now(),
    expiresAt: clock.now() + WEEK_MS,
    userId: "7",
  };
  /** Tokens for which Discord answers `/oauth2/@me` with 401. */
  const dead = new Set<string>();
  let asked = 0;
  let processes = 0;

  function startProcess(): GrantProcess {
    const given = { clientId: "1", clientSecret: "secret", redirectUri: "http://127.0.0.1/", ...options };
    const config = resolveConfig(given, () => undefined);
    processes += 1;
    const settings = {
      store: inTokenStore(store, storeDeadlineMs),
      seal: createSeal(config.secrets, config.clientId),
      leaseMs: leaseMs(config.timeoutMs),
      instance: `${processes}`,
      keyOf: undefined,
    };
    const isAccepted = async (token: Token) => {
      asked += 1;
      return !dead.has(token.accessToken);
    };
    const grants = new Grants(config, discord as unknown as OAuth, isAccepted);
    // What is still being written would go on by the clock of the next test.
    onTestFinished(() => clock.until(grants.idle()));
    return {
      grants,
      record: (lifetimeMs = WEEK_MS) => new GrantRecord(settings, GRANT_ID, undefined, lifetimeMs),
    };
  }
  await startProcess().record().write(first);

  return {
    clock,
    store,
    discord,
    first,
    dead,
    startProcess,
    /** How often Discord was asked whether a token still holds. */
    asked: () => asked,
    /** What a process finds in the store that has seen nothing before. */
    stored: async () => (await startProcess().record().read())?.token,
    /** Until the first pair has expired; the store's lifetimes do not end. */
    expire: () => clock.advance(WEEK_MS),
  };
}
