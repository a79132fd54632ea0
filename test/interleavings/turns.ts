import type { RunProcess, Stop } from "./run-process.js";
import type { World } from "./world.js";

/** The mishap that may happen once in a run, besides the order of calls. */
export interface Mishaps {
  /** One of these processes may crash after any of its actions. */
  readonly mayDie?: readonly string[];
  /** One of these processes may be frozen while time passes. */
  readonly mayFreeze?: readonly string[];
  /** The store may reject one write of these processes, or apply it and never answer. */
  readonly mayFail?: readonly string[];
}

/** An action that can happen next. */
export interface Action {
  readonly id: string;
  /** `undefined` for an action that concerns every process. */
  readonly process: string | undefined;
  /** What it acts on; `undefined` if no other process can notice it. */
  readonly resource: string | undefined;
  readonly isRead: boolean;
  /** Whether it uses up the one mishap of a run. */
  readonly isMishap: boolean;
  run(): void;
}

const MOST_TIME_STEPS = 500;
/** Longer than a lease lasts and than stores may take to answer. */
const FROZEN_MS = 7000;
/** A freeze ends while others take over its lease, or when nothing else can happen. */
const TAKEOVER_MS = { from: 1300, to: 1700 } as const;

/** Decides what can happen next in a run. Time passes only if nothing else can happen, or a process is frozen. */
export class Turns {
  readonly #world: World;
  readonly #mishaps: Mishaps;
  readonly #onTime: (time: number) => void;
  #mishap: "death" | "freeze" | "failure" | undefined;
  #mayBeLost = false;
  #mayBeToldEnded = false;
  #dying: RunProcess | undefined;
  #frozenAt = 0;
  #timeSteps = 0;

  /** @param onTime called when time passes */
  constructor(world: World, mishaps: Mishaps, onTime: (time: number) => void) {
    this.#world = world;
    this.#mishaps = mishaps;
    this.#onTime = onTime;
  }

  get hadMishap(): boolean {
    return this.#mishap !== undefined;
  }

  get hadDeath(): boolean {
    return this.#mishap === "death";
  }

  /** Whether requests may have waited in vain. */
  get mayBeSlow(): boolean {
    return this.hadMishap || this.#world.isDiscordSlow;
  }

  /** Whether a process has crashed between Discord's response and the write of its pair. */
  get mayBeLost(): boolean {
    return this.#mayBeLost;
  }

  /**
   * Whether one was delayed there, so that another that asked Discord at the same time believes that the sign-in has
   * ended.
   */
  get mayBeToldEnded(): boolean {
    return this.#mayBeToldEnded;
  }

  /** What identifies the state of this run. */
  get state(): string {
    return [this.#mishap, this.#mayBeLost, this.#mayBeToldEnded, this.#frozenAt, this.#world.state].join();
  }

  /** Returns everything that can happen next; nothing when the run is over. */
  actions(): Action[] {
    const running = [...this.#world.processes.values()].filter(({ isRunning }) => isRunning);
    const actions = running.flatMap((process) => this.#actionsOf(process));
    const isBlocked = actions.length === 0;
    if (isBlocked) actions.push(...this.#timeStep(running));
    if (isBlocked) actions.push(...this.#thaw(actions.length === 0));
    return [...actions, ...this.#freezes(running)];
  }

  /** Called when every process is held or idle again. */
  settled(): void {
    const process = this.#dying;
    if (!process) return;
    this.#dying = undefined;
    if (this.#world.holdsUnsavedPair(process)) this.#mayBeLost = true;
    process.isDead = true;
    this.#world.unlock(process);
  }

  /** Fires the next timer of a process that is not held. */
  skipTo(process: RunProcess): void {
    const { nextTimer } = process;
    if (nextTimer) this.#passTo(Math.max(nextTimer.due, this.#world.time));
    process.fireNextTimer();
  }

  #actionsOf(process: RunProcess): Action[] {
    const { time } = this.#world;
    const timer = process.nextTimer;
    const actions: Action[] = [];
    if (timer && timer.due <= time) {
      const id = `${process.name} timer ${timer.id}`;
      const run = () => {
        process.remember(`${time} ${id}`);
        process.fireNextTimer();
      };
      actions.push({ id, process: process.name, resource: undefined, isRead: true, isMishap: false, run });
      if (process.isThawing) return actions;
    }
    process.isThawing = false;
    for (const stop of process.stops.values()) {
      if (stop.notBefore <= time && stop.isEnabled()) actions.push(...this.#releases(process, stop));
    }
    return actions;
  }

  *#releases(process: RunProcess, stop: Stop): Generator<Action> {
    const action: Action = {
      id: stop.id,
      process: process.name,
      resource: stop.resource,
      isRead: stop.isRead,
      isMishap: false,
      run: () => this.#world.release(process, stop),
    };
    yield action;
    if (this.#mishap || stop.isRead) return;
    const { fail } = stop;
    if (fail && this.#mishaps.mayFail?.includes(process.name)) {
      yield this.#failure(process, action, `${stop.id} fails`, {
        ...stop,
        act: () => "fails",
        deliver: fail,
      });
      yield this.#failure(process, action, `${stop.id} is never answered`, { ...stop, deliver: () => {} });
    }
    if (!this.#mishaps.mayDie?.includes(process.name)) return;
    // Between two actions it makes no difference when a process crashes.
    yield {
      ...action,
      id: `${stop.id}, and ${process.name} dies`,
      isMishap: true,
      run: () => {
        this.#world.release(process, stop);
        this.#world.trace.push(`${process.name} dies`);
        this.#mishap = "death";
        this.#dying = process;
      },
    };
  }

  #failure(process: RunProcess, action: Action, id: string, stop: Stop): Action {
    const run = () => {
      this.#mishap = "failure";
      this.#world.release(process, stop);
      this.#world.trace.push(`(${id})`);
      this.#mayBeToldEnded = this.#world.holdsUnsavedPair(process);
    };
    return { ...action, id, isMishap: true, run };
  }

  *#timeStep(running: readonly RunProcess[]): Generator<Action> {
    const dues = running.flatMap(({ nextTimer, stops }) => [
      ...(nextTimer ? [nextTimer.due] : []),
      ...[...stops.values()].map(({ notBefore }) => notBefore).filter((due) => due > this.#world.time),
    ]);
    if (dues.length === 0) return;
    const due = Math.min(...dues);
    yield general(`${due} ms`, () => this.#passTo(due));
  }

  /** A freeze matters only if time passes although the process could continue. */
  *#freezes(running: readonly RunProcess[]): Generator<Action> {
    if (this.#mishap) return;
    for (const process of running) {
      if (!this.#mishaps.mayFreeze?.includes(process.name) || process.stops.size === 0) continue;
      if (running.some((other) => other !== process && this.#actionsOf(other).length > 0)) continue;
      yield general(`${process.name} freezes`, () => this.#freeze(process));
      for (const stop of process.stops.values()) {
        if (stop.resource === undefined || stop.resource === "Discord" || stop.isRead || !stop.isEnabled())
          continue;
        yield general(`${stop.id}, and ${process.name} freezes before the answer`, () => {
          const told = stop.act();
          process.stops.set(stop.id, { ...stop, resource: undefined, isRead: true, act: () => told });
          this.#world.trace.push(`${stop.id}: ${told}`);
          this.#freeze(process);
        });
      }
    }
  }

  #freeze(process: RunProcess): void {
    this.#mishap = "freeze";
    this.#mayBeToldEnded = this.#world.holdsUnsavedPair(process);
    this.#frozenAt = this.#world.time;
    process.isFrozen = true;
    process.remember("freezes");
    this.#world.trace.push(`${process.name} freezes`);
  }

  /** @param isNeeded whether nothing else can happen */
  *#thaw(isNeeded: boolean): Generator<Action> {
    for (const process of this.#world.processes.values()) {
      const frozenMs = this.#world.time - this.#frozenAt;
      const isTakeover = frozenMs >= TAKEOVER_MS.from && frozenMs <= TAKEOVER_MS.to;
      if (!process.isFrozen || !(isNeeded || isTakeover)) continue;
      yield general(`${process.name} thaws`, () => {
        if (isNeeded) this.#passTo(Math.max(this.#world.time, this.#frozenAt + FROZEN_MS));
        process.isFrozen = false;
        process.isThawing = true;
        process.remember(`${this.#world.time} thaws`);
        this.#world.trace.push(`${process.name} thaws`);
      });
    }
  }

  #passTo(time: number): void {
    this.#timeSteps += 1;
    if (this.#timeSteps > MOST_TIME_STEPS) this.#world.violate("The processes never come to rest.");
    this.#world.time = time;
    this.#world.trace.push(`${time} ms`);
    this.#onTime(time);
  }
}

function general(id: string, run: () => void): Action {
  return { id, process: undefined, resource: undefined, isRead: false, isMishap: true, run };
}
