import { hasPassed, now, sleep, startTimer, stopwatch } from "../clock.js";
import { withDeadline } from "../deadline.js";
import type { Seal } from "../seal.js";
import type { RecordStore } from "./record-store.js";
import {
  FIRST_RENEWAL_MS,
  LONGEST_RENEWED_MS,
  LONGEST_WRITE_SHARE,
  LOOK_AGAIN_MS,
  NEXT_RENEWAL_MS,
  SETTLING_MS,
  WAIT_PAUSES_MS,
} from "./time-limits.js";

/** Settings shared by all leases in one store. */
export interface LeaseSettings {
  readonly store: Pick<RecordStore, "read" | "write" | "warnOnce">;
  readonly seal: Seal;
  readonly leaseMs: number;
  /** Distinguishes processes, and instances in one process. */
  readonly owner: string;
}

/** The lease of another process. `sealed` changes with every renewal. */
interface Seen {
  readonly sealed: string;
  readonly durationMs: number;
}

/**
 * Announces in a shared store that this process is about to exchange a code, or to refresh or rewrite a pair.
 *
 * Stores have no atomic operation, so two processes may hold the lease at once if the store or a process is slow.
 * Callers stay correct when that happens; the lease only saves requests. A process that cannot write its lease continues
 * without one.
 */
export class Lease {
  readonly #settings: LeaseSettings;
  readonly #key: string;
  readonly #grantId: string;
  #renewal: Promise<void> | undefined;
  #cancelRenewal = () => {};
  /** Whether the task outlasted the renewals. Another process may hold the lease by now. */
  #isGivenUp = false;

  constructor(settings: LeaseSettings, key: string, grantId: string) {
    this.#settings = settings;
    this.#key = key;
    this.#grantId = grantId;
  }

  /**
   * Waits until no other process holds the lease, then acquires it.
   *
   * @param onWait called before waiting for another process
   * @param isSettled called repeatedly while waiting; `true` ends the wait because there is nothing left to do
   * @returns `true` when this process may go on; `false` when `isSettled` ended the wait
   */
  async acquire(onWait = () => {}, isSettled = async () => false): Promise<boolean> {
    const { leaseMs } = this.#settings;
    this.#isGivenUp = false;
    const readMs = stopwatch();
    let current = await this.#read();
    // Another process may have acquired the lease since the store answered.
    if (readMs() > SETTLING_MS) current = await this.#read();
    for (let count = 0; ; ) {
      if (typeof current === "object") {
        onWait();
        if (await this.#wait(current, isSettled)) return false;
      }
      const since = now();
      const elapsedMs = stopwatch();
      if (!(await this.#write(leaseMs))) return true;
      // Another process may have found the lease free before this write, and its own write may take as long.
      await sleep(SETTLING_MS + Math.min(elapsedMs(), LONGEST_WRITE_SHARE * leaseMs));
      current = await this.#read();
      if (current === "mine") return true;
      if (typeof current === "object") continue;
      // Another process has just released its lease, or a replica lags behind.
      const pauseMs = current === "free" ? LOOK_AGAIN_MS[count] : undefined;
      if (pauseMs === undefined) {
        // If the process was frozen or busy, the lease may have expired.
        if (!hasPassed(leaseMs, since)) this.#warn();
        return true;
      }
      await sleep(pauseMs);
      count += 1;
      current = await this.#read();
      if (current === "mine") return true;
    }
  }

  /**
   * Acquires the lease unless another process holds it. Does not let it settle, because a serverless host may freeze the
   * process soon.
   *
   * @returns whether this process may go on
   */
  async tryAcquire(): Promise<boolean> {
    if (await this.holder()) return false;
    await this.#write(this.#settings.leaseMs);
    return (await this.holder()) === undefined;
  }

  /** Returns the lease of another process, if one holds it. */
  async holder(): Promise<Seen | undefined> {
    const current = await this.#read();
    return typeof current === "object" ? current : undefined;
  }

  /**
   * Renews the lease while a task runs, up to a limit: an app's `onLogin` may never end. Waits for a renewal in flight
   * before it returns.
   */
  async during<T>(task: () => Promise<T>): Promise<T> {
    this.#renewAfter(FIRST_RENEWAL_MS, now());
    try {
      return await task();
    } finally {
      this.#cancelRenewal();
      await this.#renewal;
    }
  }

  /** Writes an ended lease instead of deleting it: some stores cannot recreate a deleted key. */
  async release(): Promise<void> {
    if (!this.#isGivenUp) await this.#write(0);
  }

  /** @returns `true` when `isSettled` does; `false` when the lease was released or has expired */
  async #wait(first: Seen, isSettled: () => Promise<boolean>): Promise<boolean> {
    let seen = first;
    let since = now();
    for (let count = 0; ; count += 1) {
      if (await isSettled()) return true;
      if (hasPassed(seen.durationMs, since)) return false;
      await sleep(WAIT_PAUSES_MS[Math.min(count, WAIT_PAUSES_MS.length - 1)] ?? 0);
      const next = await this.holder();
      if (!next) return false;
      if (next.sealed !== seen.sealed) {
        seen = next;
        since = now();
      }
    }
  }

  #renewAfter(pauseMs: number, since: number): void {
    this.#cancelRenewal = startTimer(pauseMs, () => {
      this.#isGivenUp = hasPassed(LONGEST_RENEWED_MS, since);
      if (this.#isGivenUp) return;
      this.#renewal ??= this.#write(this.#settings.leaseMs).then(() => {
        this.#renewal = undefined;
      });
      this.#renewAfter(NEXT_RENEWAL_MS, since);
    });
  }

  /** @returns whether the store accepted the write */
  async #write(durationMs: number): Promise<boolean> {
    const { store, seal, leaseMs, owner } = this.#settings;
    try {
      const sealed = seal.seal("lease", this.#grantId, `${owner} ${durationMs}`);
      await withDeadline(LONGEST_WRITE_SHARE * leaseMs, store.write(this.#key, sealed, leaseMs));
      return true;
    } catch {
      this.#warn();
      return false;
    }
  }

  #warn(): void {
    this.#settings.store.warnOnce(
      "EXPRESS_DISCORD_NO_LEASE",
      "The store refused or lost a lease, or took too long to write it. A lease says which process is refreshing a token. If the store was neither failing nor slow at that moment, it does not keep leases. A single process does not need them. Several processes may refresh the same token at once, which costs extra requests.",
    );
  }

  async #read(): Promise<Seen | "mine" | "free" | "missing"> {
    const { store, seal, owner: own } = this.#settings;
    const sealed = await store.read(this.#key).catch(() => undefined);
    const text = sealed && seal.open("lease", this.#grantId, sealed);
    if (!sealed || !text) return "missing";
    const [owner, duration] = text.split(" ");
    const durationMs = Number(duration);
    if (!(durationMs > 0)) return "free";
    return owner === own ? "mine" : { sealed, durationMs };
  }
}
