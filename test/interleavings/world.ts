import { hash } from "node:crypto";
import type { Seal } from "../../src/seal.js";
import type { TokenCall } from "./hooks.js";
import { type Purpose, Records } from "./records.js";
import { RunProcess, type Stop } from "./run-process.js";
import { SharedStore } from "./shared-store.js";

/** A rule that a run has violated. */
export class Violation extends Error {
  override readonly name = "Violation";
}

/** A pair that Discord has issued, named in the order of issue. */
export interface Pair {
  readonly name: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** The process that received it. */
  readonly process: string;
}

/** A request that Discord has processed. */
export interface Sent {
  readonly process: string;
  readonly kind: TokenCall["kind"];
  /** The name of the code or pair in it. */
  readonly what: string;
  /** The name of the resulting pair, `done` or `refused`. */
  readonly outcome: string;
}

/** What a browser got from a process. */
export interface Outcome {
  /** `in`, `out`, or the code of the error. */
  readonly what: string;
  /** The cookies that it has then. */
  readonly cookie: string;
}

/** How the world of a story differs from the default. */
export interface Circumstances {
  /** Purposes of keys that this story never writes, so reads of them are not held. */
  readonly unwritten?: readonly Purpose[];
  /** Whether each request has the session of the beginning, because it loaded it before others saved it. */
  readonly hasOldSessions?: boolean;
  /** Whether the store's `touch` writes the record it is given. */
  readonly touchWrites?: boolean;
  /** The lifetime of access tokens. */
  readonly accessTokenSeconds?: number;
  /** How long Discord takes for token requests of one process, in milliseconds. */
  readonly slowDiscord?: { readonly process: string; readonly ms: number };
}

interface StoreCall {
  readonly what: string;
  readonly key: string;
  readonly isRead: boolean;
  act(): string;
  deliver(): void;
  fail?(): void;
}

/**
 * The shared world of one run: the store, what Discord has issued, the time, and the processes.
 *
 * Checks may look at nothing else: runs are told apart by what is in here.
 */
export class World {
  readonly records: Records;
  readonly processes = new Map<string, RunProcess>();
  /** Oldest first. */
  readonly pairs: Pair[] = [];
  /** In the order in which Discord processed them. */
  readonly sent: Sent[] = [];
  /** How the script of each process ended. */
  readonly outcomes = new Map<string, Outcome>();
  /** Calls of the app's own code, such as `onLogin`. */
  readonly calls: string[] = [];
  readonly trace: string[] = [];
  /** Milliseconds since the run began. */
  time = 0;
  /** Whether nothing is held: before and after the story. */
  isFree = true;
  violation: Violation | undefined;
  /** Grows with everything that processes do. */
  activity = 0;
  /** Requests in flight. */
  network = 0;
  readonly #circumstances: Circumstances;
  readonly #epoch: number;
  readonly #stored = new Set<string>();
  readonly #events = new Map<string, { readonly happened: Promise<void>; happen(): void }>();
  #lockedBy: string | undefined;

  /** @param epoch when the run begins, in epoch milliseconds */
  constructor(seal: Seal, circumstances: Circumstances, epoch: number) {
    this.records = new Records(seal, epoch);
    this.#circumstances = circumstances;
    this.#epoch = epoch;
  }

  get isDiscordSlow(): boolean {
    return this.#circumstances.slowDiscord !== undefined;
  }

  addProcess(name: string): RunProcess {
    const process = new RunProcess(name);
    this.processes.set(name, process);
    return process;
  }

  storeOf(process: RunProcess): SharedStore {
    return new SharedStore(this, process, this.#circumstances.touchWrites ?? false);
  }

  addPair(process: string, accessToken: string, refreshToken: string): string {
    const name = `pair ${this.pairs.length + 1}`;
    this.pairs.push({ name, process, accessToken, refreshToken });
    this.records.name(accessToken, name);
    this.records.name(refreshToken, name);
    return name;
  }

  /** Whether this process received the newest pair, and no store has had it yet. */
  holdsUnsavedPair({ name }: RunProcess): boolean {
    const newest = this.pairs.at(-1);
    return newest?.process === name && !this.#stored.has(newest.accessToken);
  }

  /** Something that scripts of other processes wait for. */
  event(name: string): { readonly happened: Promise<void>; happen(): void } {
    const known = this.#events.get(name);
    if (known) return known;
    let happen = () => {};
    const happened = new Promise<void>((resolve) => {
      happen = resolve;
    });
    const event = { happened, happen };
    this.#events.set(name, event);
    return event;
  }

  /** Records the first violation. If it were thrown, it would look like a failing store. */
  violate(what: string): void {
    this.violation ??= new Violation(this.records.named(what));
  }

  /** What identifies the state of this run, apart from mishaps. */
  get state(): string {
    const processes = [...this.processes.values()];
    const parts = [
      this.time,
      this.#lockedBy,
      ...processes.map((process) => this.#stateOf(process)),
      ...this.sent.map(({ process, kind, what, outcome }) => [process, kind, what, outcome].join()),
      ...[...this.outcomes]
        .map(([name, { what, cookie }]) => [name, what, this.records.named(cookie)].join())
        .sort(),
      ...this.calls,
      this.records.readAll(),
    ];
    return hash("sha1", parts.join("\n"), "base64url");
  }

  storeCall(process: RunProcess, { key, what, isRead, act, deliver, fail }: StoreCall): void {
    const { name, purpose, grantId } = this.records.roleOf(key);
    const { unwritten = [], hasOldSessions = false } = this.#circumstances;
    const isOldSession = purpose === "session" && hasOldSessions && !this.isFree;
    const isHeld = !isOldSession && !unwritten.includes(purpose);
    if (!isRead && isOldSession) {
      deliver();
      return;
    }
    if (!isRead && !isHeld && !this.isFree)
      this.violate(`${process.name} writes ${name}, which this story takes for unwritten.`);
    this.#stop(process, {
      what: `${what} ${name}`,
      resource: name,
      isRead,
      isHeld,
      act: () => {
        const told = act();
        const stored = !isRead && purpose === "token" && this.records.accessTokenOf(grantId);
        if (stored) this.#stored.add(stored);
        return told;
      },
      deliver,
      fail,
    });
  }

  /** Holds a request before Discord processes it, and again before its response arrives. */
  async tokenCall<T>(process: RunProcess, { kind, sent }: TokenCall, send: () => Promise<T>): Promise<T> {
    const what = this.records.nameOf(sent);
    await this.#stopped(process, { what: `${kind} ${what}`, resource: "Discord", isRead: false });
    let outcome = "refused";
    try {
      const answer = await this.apiCall(send);
      outcome = this.#learnPair(process, answer) ?? "done";
      return answer;
    } finally {
      this.sent.push({ process: process.name, kind, what, outcome });
      const { slowDiscord } = this.#circumstances;
      const ms = slowDiscord?.process === process.name ? slowDiscord.ms : 0;
      await this.#stopped(process, {
        what: `answer: ${outcome}`,
        resource: undefined,
        isRead: true,
        notBefore: this.time + ms,
      });
    }
  }

  /** A call that changes nothing at Discord, so it is not held. */
  async apiCall<T>(send: () => Promise<T>): Promise<T> {
    this.network += 1;
    try {
      return await send();
    } finally {
      this.network -= 1;
      this.activity += 1;
    }
  }

  /** A pause in the middle of the app's own code. */
  pause(process: RunProcess, what: string): Promise<void> {
    this.calls.push(what);
    return this.#stopped(process, { what, resource: undefined, isRead: true });
  }

  /** A lock that is freed when a process crashes. */
  async lock(process: RunProcess, task: () => Promise<void>): Promise<void> {
    await this.#stopped(process, {
      what: "lock",
      resource: "lock",
      isRead: false,
      isEnabled: () => this.#lockedBy === undefined,
      act: () => {
        this.#lockedBy = process.name;
        return "";
      },
    });
    try {
      await task();
    } finally {
      this.unlock(process);
    }
  }

  unlock({ name }: RunProcess): void {
    if (this.#lockedBy === name) this.#lockedBy = undefined;
  }

  clockOf(process: RunProcess, skewMs = 0) {
    const startTimer = (ms: number, fire: () => void) =>
      process.startTimer(this.time + Math.max(0, ms), () => {
        this.activity += 1;
        fire();
      });
    return {
      now: () => this.#epoch + skewMs + this.time,
      elapsed: () => this.time,
      startTimer,
      sleep: (ms: number) => new Promise<void>((resolve) => void startTimer(ms, resolve)),
    };
  }

  /** Lets a process continue. */
  release(process: RunProcess, stop: Stop): void {
    const told = stop.act();
    process.stops.delete(stop.id);
    process.remember(`${this.time} ${stop.id}: ${told}`);
    this.trace.push(told ? `${stop.id}: ${told}` : stop.id);
    stop.deliver();
  }

  /** What a process knows makes no difference when it does nothing any more. */
  #stateOf({ name, isDead, isFrozen, isThawing, isIdle, told }: RunProcess): string {
    const isOver = isDead || (isIdle && this.outcomes.has(name));
    return [isDead, isFrozen, isThawing, isOver || told].join();
  }

  #stop(
    process: RunProcess,
    stop: Pick<Stop, "resource" | "isRead" | "act" | "deliver"> &
      Partial<Pick<Stop, "isEnabled" | "notBefore" | "fail">> & {
        readonly what: string;
        readonly isHeld: boolean;
      },
  ): void {
    this.activity += 1;
    if (process.isDead) return;
    const { what, isHeld, isEnabled = () => true, notBefore = 0 } = stop;
    const full: Stop = { ...stop, isEnabled, notBefore, id: process.nextId(what) };
    if (isHeld && !this.isFree) {
      process.stops.set(full.id, full);
      return;
    }
    process.remember(`${full.id}: ${full.act()}`);
    full.deliver();
  }

  #stopped(
    process: RunProcess,
    stop: Pick<Stop, "resource" | "isRead"> &
      Partial<Pick<Stop, "isEnabled" | "notBefore" | "act">> & { readonly what: string },
  ): Promise<void> {
    return new Promise((resolve) => {
      this.#stop(process, { act: () => "", ...stop, isHeld: true, deliver: resolve });
    });
  }

  #learnPair(process: RunProcess, answer: unknown): string | undefined {
    const { token } = (answer ?? {}) as { token?: Record<string, unknown> };
    const { access_token, refresh_token } = token ?? {};
    if (typeof access_token !== "string") return undefined;
    return this.addPair(process.name, access_token, String(refresh_token));
  }
}
