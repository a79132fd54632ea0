import { type ChildProcess, fork } from "node:child_process";
import type { Order, RefreshNote, Report } from "./worker.js";

type Serve = Order & { readonly order: "serve" };

/** One process of the app. */
interface Worker {
  readonly child: ChildProcess;
  readonly url: string;
}

/** A refresh that its process did not live to finish. Times in epoch milliseconds. */
export interface CutRefresh {
  readonly userId: string;
  readonly begunAt: number;
  readonly cutAt: number;
}

/** The processes of the app, which get killed and replaced; the first one lives on, so that its heap can be watched. */
export class Workers {
  readonly #serve: Serve;
  readonly #workers: Worker[] = [];
  readonly cutRefreshes: CutRefresh[] = [];

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  async start(count: number): Promise<void> {
    this.#workers.push(...(await Promise.all(Array.from({ length: count }, () => this.#startWorker()))));
  }

  get urls(): readonly string[] {
    return this.#workers.map(({ url }) => url);
  }

  /** Kills one that is not the first, without warning, and starts another in its place. */
  async replace(index: number): Promise<void> {
    const at = 1 + (index % (this.#workers.length - 1));
    this.#workers[at]?.child.kill("SIGKILL");
    this.#workers[at] = await this.#startWorker();
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

  async #startWorker(): Promise<Worker> {
    const child = fork(new URL("worker.ts", import.meta.url), {
      execArgv: ["--no-warnings", "--expose-gc", "--import", "tsx"],
    });
    this.#followRefreshes(child);
    const report = await ask(child, this.#serve);
    if (report?.report !== "serving") throw new Error("The worker did not start.");
    return { child, url: report.url };
  }

  #followRefreshes(child: ChildProcess): void {
    const underway = new Map<string, number>();
    child.on("message", (message: Report | RefreshNote) => {
      if (!("note" in message)) return;
      if (message.note === "refreshing") underway.set(message.userId, message.at);
      else underway.delete(message.userId);
    });
    // By then, everything that it had said has been heard.
    child.on("disconnect", () => {
      const cutAt = Date.now();
      for (const [userId, begunAt] of underway) this.cutRefreshes.push({ userId, begunAt, cutAt });
    });
  }
}

/** @returns nothing when the worker is killed before it answers */
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
