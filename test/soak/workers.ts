import { type ChildProcess, fork } from "node:child_process";
import type { Death, RefreshUnderWay } from "./losses.js";
import type { Order, RefreshNote, Report } from "./worker.js";

type Serve = Omit<Order & { readonly order: "serve" }, "name">;

/** One process of the app. */
interface Worker {
  /** A name that no other process gets. */
  readonly name: string;
  readonly child: ChildProcess;
  readonly url: string;
  /** Refreshes by the worker's own number. Does not change after its death. */
  readonly refreshes: ReadonlyMap<number, RefreshUnderWay>;
}

/** The processes of the app, which are killed and replaced. The first one stays, so that its heap can be watched. */
export class Workers {
  readonly #serve: Serve;
  readonly #workers: Worker[] = [];
  #startedCount = 0;
  /** Killed processes by name, oldest first. */
  readonly deaths = new Map<string, Death>();

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  async start(count: number): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: count }, () => this.#startWorker()))));
  }

  get urls(): readonly string[] {
    return this.#workers.map(({ url }) => url);
  }

  /** Kills a process other than the first, without warning, and starts another in its place. */
  async replace(index: number): Promise<void> {
    const at = 1 + (index % (this.#workers.length - 1));
    const worker = this.#workers[at];
    if (worker) {
      this.deaths.set(worker.name, { at: Date.now(), refreshes: worker.refreshes });
      worker.child.kill("SIGKILL");
    }
    this.#workers[at] = await this.#startWorker();
  }

  /** Returns the heap of the first, and the unhandled rejections of all running processes. */
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

  async #startWorker(): Promise<Worker> {
    const child = fork(new URL("worker.ts", import.meta.url), {
      execArgv: ["--no-warnings", "--expose-gc", "--import", "tsx"],
    });
    this.#startedCount += 1;
    const name = String(this.#startedCount);
    const refreshes = followRefreshes(child);
    const report = await ask(child, { ...this.#serve, name });
    if (report?.report !== "serving") throw new Error("The worker did not start.");
    return { name, child, url: report.url, refreshes };
  }
}

/** Returns the refreshes that a worker has started and not finished, according to its last report. */
function followRefreshes(child: ChildProcess): ReadonlyMap<number, RefreshUnderWay> {
  const refreshes = new Map<number, RefreshUnderWay>();
  child.on("message", (message: Report | RefreshNote) => {
    if (!("note" in message)) return;
    const { at, note, refresh, userId } = message;
    if (note === "refreshing") refreshes.set(refresh, { userId, begunAt: at });
    else refreshes.delete(refresh);
  });
  return refreshes;
}

/** @returns nothing if the worker is killed before it responds */
async function ask(child: ChildProcess, order: Order): Promise<Report | undefined> {
  if (!child.connected) return undefined;
  const answer = new Promise<Report | undefined>((resolve) => {
    const settle = (report?: Report) => {
      child.off("message", onMessage);
      child.off("disconnect", onEnd);
      resolve(report);
    };
    const onMessage = (message: Report | RefreshNote) => {
      if ("report" in message) settle(message);
    };
    const onEnd = () => settle();
    child.on("message", onMessage);
    child.on("disconnect", onEnd);
  });
  child.send(order, () => undefined);
  return answer;
}
