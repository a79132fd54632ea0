import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Order, Report } from "./worker.js";

type Serve = Order & { readonly order: "serve" };

/** One process of the app. */
interface Worker {
  readonly child: ChildProcess;
  readonly url: string;
}

/** The processes of the app, which get killed and replaced; the first one lives on, so that its heap can be watched. */
export class Workers {
  readonly #serve: Serve;
  readonly #workers: Worker[] = [];
  /** When a process was killed, epoch milliseconds. */
  readonly killedAt: number[] = [];

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  async start(count: number): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: count }, () => startWorker(this.#serve)))));
  }

  get urls(): readonly string[] {
    return this.#workers.map(({ url }) => url);
  }

  /** Kills one that is not the first, without warning, and starts another in its place. */
  async replace(index: number): Promise<void> {
    const at = 1 + (index % (this.#workers.length - 1));
    this.killedAt.push(Date.now());
    this.#workers[at]?.child.kill("SIGKILL");
    this.#workers[at] = await startWorker(this.#serve);
  }

  /** The heap of the first, and every rejection that nobody handled in those that live. */
  async measure(): Promise<{ heapBytes: number; unhandled: readonly string[] }> {
    const reports = await Promise.all(this.#workers.map(({ child }) => ask(child, { order: "measure" })));
    const measured = reports.filter((one) => one?.report === "measured");
    return {
      heapBytes: measured[0]?.heapBytes ?? 0,
      unhandled: measured.flatMap((one) => one.unhandled),
    };
  }

  stop(): void {
    for (const { child } of this.#workers) child.kill("SIGKILL");
  }
}

async function startWorker(serve: Serve): Promise<Worker> {
  const child = fork(new URL("worker.ts", import.meta.url), {
    execArgv: ["--no-warnings", "--expose-gc", "--import", "tsx"],
  });
  const report = await ask(child, serve);
  if (report?.report !== "serving") throw new Error("The worker did not start.");
  return { child, url: report.url };
}

/** @returns nothing when the worker is killed before it answers */
async function ask(child: ChildProcess, order: Order): Promise<Report | undefined> {
  if (!child.connected) return undefined;
  const settled = new AbortController();
  const { signal } = settled;
  const answer = once(child, "message", { signal }).then(([report]) => report as Report);
  const end = once(child, "exit", { signal }).then(() => undefined);
  child.send(order, () => undefined);
  try {
    return await Promise.race([answer, end]);
  } finally {
    for (const waiting of [answer, end]) waiting.catch(() => undefined);
    settled.abort();
  }
}
