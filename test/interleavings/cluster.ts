import express, { type Request, type RequestHandler, type Response } from "express";
import session from "express-session";
import { SETTLING_MS } from "../../src/grants/time-limits.js";
import { createSeal, type Seal } from "../../src/seal.js";
import { type DiscordSimulator, startDiscord } from "../../src/testing/index.js";
import { bundleLibrary, type Instance, type Patch } from "./bundle.js";
import { type BrowserRequest, request } from "./request.js";
import type { RunProcess } from "./run-process.js";
import { settle } from "./settle.js";
import { type Mishaps, Turns } from "./turns.js";
import { type Circumstances, World } from "./world.js";

type Discord = InstanceType<Instance["DiscordOAuth2Session"]>;

const REDIRECT_URI = "http://127.0.0.1:3000/callback";
const SESSION_ID_CHARS = 32;
const SESSION_MS = 86_400_000;
const ACCESS_TOKEN_SECONDS = 604_800;
/** The longest for which leases are as short as they get. */
const TIMEOUT_MS = 2000;
/** Each process's clock is behind the previous one's by so much: no code may rely on equal clocks. */
const SKEW_MS = 1700;
const WARM_UP_MS = 100;

/** How to start the processes of a story. */
export interface ClusterOptions {
  readonly processes: readonly string[];
  readonly withLock?: boolean;
  /** Whether writes reach the store while a process waits for its lease to settle. Safety must not depend on it. */
  readonly hasFastStore?: boolean;
  readonly patches?: readonly Patch[];
}

interface Slot {
  readonly discord: Discord;
  /** The process in the current run. */
  process: RunProcess;
}

/** A process, as scripts see it. */
export interface Process {
  readonly discord: Discord;
  /**
   * Handles a request behind express-session.
   *
   * @returns the browser's cookies afterwards
   */
  handle(sent: BrowserRequest, handler: (req: Request, res: Response) => Promise<void>): Promise<string>;
  /** A pause in the middle of a script. */
  pause(what: string): Promise<void>;
  later(ms: number): Promise<void>;
}

/** The processes of a story, each with its own copy of the library, and their Discord. All runs share them. */
export class Cluster {
  readonly simulator: DiscordSimulator;
  /** The time at which each run begins, in epoch milliseconds. */
  readonly epoch = Date.now();
  readonly #seal: Seal;
  readonly #slots = new Map<string, Slot>();
  #world: World | undefined;
  #turns: Turns | undefined;

  private constructor(simulator: DiscordSimulator) {
    this.simulator = simulator;
    this.#seal = createSeal([simulator.options.clientSecret], simulator.options.clientId);
    simulator.clock.freeze();
  }

  static async start({ processes, patches = [], ...options }: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(await startDiscord({ redirectUris: [REDIRECT_URI], logLimit: 10 }));
    const load = await bundleLibrary(patches);
    for (const [index, name] of processes.entries())
      cluster.#add(name, await load(name), -index * SKEW_MS, options);
    // The library loads its HTTP clients in the background.
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    return cluster;
  }

  get world(): World {
    if (!this.#world) throw new Error("No run has begun.");
    return this.#world;
  }

  get turns(): Turns {
    if (!this.#turns) throw new Error("No run has begun.");
    return this.#turns;
  }

  /** Starts a run in a new world, with nothing in the memory of any process. */
  begin(story: Circumstances & Mishaps): void {
    const { behaviour, clock } = this.simulator;
    behaviour.accessTokenSeconds = story.accessTokenSeconds ?? ACCESS_TOKEN_SECONDS;
    const onTime = (time: number) => clock.advance(this.epoch + time - clock.now());
    onTime(0);
    this.#world = new World(this.#seal, story, this.epoch);
    this.#turns = new Turns(this.#world, story, onTime);
    for (const [name, slot] of this.#slots) slot.process = this.#world.addProcess(name);
  }

  process(name: string): Process {
    const slot = this.#slots.get(name);
    if (!slot) throw new Error(`There is no process ${name}.`);
    const { process, discord } = slot;
    const { world } = this;
    const sessions = sessionsOf(world, process);
    return {
      discord,
      handle: (sent, handler) => request(sessions, sent, handler),
      pause: (what) => world.pause(process, what),
      later: (ms) => world.clockOf(process).sleep(ms),
    };
  }

  /** Waits for a task of a process that is not held. Time passes only for this task. */
  async unheld<T>(name: string, task: (process: Process) => Promise<T>): Promise<T> {
    const process = this.world.processes.get(name);
    let isOver = false;
    const over = task(this.process(name)).finally(() => {
      isOver = true;
    });
    over.catch(() => undefined);
    for (;;) {
      await settle(this.world);
      if (isOver) return over;
      if (process) this.turns.skipTo(process);
    }
  }

  async close(): Promise<void> {
    await this.simulator.close();
  }

  #add(
    name: string,
    instance: Instance,
    skewMs: number,
    { withLock, hasFastStore }: Pick<ClusterOptions, "withLock" | "hasFastStore">,
  ): void {
    const discord = new instance.DiscordOAuth2Session({
      ...this.simulator.options,
      redirectUri: REDIRECT_URI,
      timeoutMs: TIMEOUT_MS,
      ...(withLock && { lock: (_, task) => this.world.lock(slot.process, task) }),
    });
    const slot: Slot = { discord, process: new World(this.#seal, {}, 0).addProcess(name) };
    this.#slots.set(name, slot);
    instance.setHooks({
      tokenCall: (call, send) => this.world.tokenCall(slot.process, call, send),
      apiCall: (send) => this.world.apiCall(send),
    });
    const clock = () => this.world.clockOf(slot.process, skewMs);
    instance.replaceClock({
      now: () => clock().now(),
      elapsed: () => clock().elapsed(),
      startTimer: (ms, fire) => clock().startTimer(ms, fire),
      sleep: async (ms) => {
        if (ms > SETTLING_MS || hasFastStore) await clock().sleep(ms);
      },
    });
    discord.init(express());
  }
}

function sessionsOf(world: World, process: RunProcess): RequestHandler {
  let count = 0;
  return session({
    secret: "a secret of the session cookie",
    store: world.storeOf(process),
    resave: false,
    saveUninitialized: false,
    cookie: { maxAge: SESSION_MS },
    genid: () => {
      count += 1;
      return `session-${process.name}-${count}-`.padEnd(SESSION_ID_CHARS, "0");
    },
  });
}
