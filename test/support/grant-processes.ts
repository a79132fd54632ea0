import { onTestFinished } from "vitest";
import { resolveConfig } from "../../src/config.js";
import { GrantRecord } from "../../src/grants/grant-record.js";
import { Grants } from "../../src/grants/grants.js";
import { inTokenStore } from "../../src/grants/record-store.js";
import { leaseMs, SETTLING_MS } from "../../src/grants/time-limits.js";
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
/** How long stores may take to answer, in real time. */
export const STORE_DEADLINE_MS = 40;

/** Discord's token endpoint with one grant, whose refresh tokens work once. It responds when the test says so. */
class TokenEndpoint {
  /** Every refresh token it received, oldest first. */
  readonly refreshed: string[] = [];
  readonly revoked: string[] = [];
  /** The refresh token that it accepts next. */
  current = "refresh 0";
  /** The error that it refuses or fails with. */
  fails: () => Error | undefined = () => undefined;
  /** Parts of its next responses. */
  changes: Partial<TokenAnswer> = {};
  #gate: Gate | undefined;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Responses wait for this from now on. */
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

/** Discord's response to a refresh token that was used, or whose user removed the app. */
export function refusal(): Error {
  return new TokenRequestRefused("invalid_grant", undefined);
}

/** The outcome of a task, including errors, for tasks that fail before the test awaits them. */
export function outcomeOf(task: Promise<unknown>): Promise<unknown> {
  return task.catch((error: unknown) => error);
}

/** A process with its own memory. */
export interface GrantProcess {
  readonly grants: Grants;
  /** The grant's record, for a request with a session of this lifetime. */
  record(lifetimeMs?: number): GrantRecord;
}

/** Any number of processes that share one store, one grant, one Discord and one clock. */
export async function startGrants(options: DiscordOptions = {}, storeDeadlineMs = STORE_DEADLINE_MS) {
  // Leases settle at once.
  const clock = steppedClock(SETTLING_MS);
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
      owner: `${processes}`,
      keyOf: undefined,
    };
    const isAccepted = async (token: Token) => {
      asked += 1;
      return !dead.has(token.accessToken);
    };
    const grants = new Grants(config, discord as unknown as OAuth, isAccepted);
    // Pending writes would otherwise continue with the clock of the next test.
    onTestFinished(() => clock.until(grants.idle()));
    return {
      grants,
      record: (lifetimeMs = WEEK_MS) => new GrantRecord(settings, { grantId: GRANT_ID }, lifetimeMs, "token"),
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
    /** How often Discord was asked whether a token is valid. */
    asked: () => asked,
    /** What a process without memory finds in the store. */
    stored: async () => (await startProcess().record().read())?.token,
    /** Moves the time until the first pair has expired. Lifetimes in the store do not end. */
    expire: () => clock.advance(WEEK_MS),
  };
}
