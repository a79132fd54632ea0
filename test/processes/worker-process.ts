import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import type { Command, Message, Reply } from "./worker.js";

/** A process that runs `worker.ts`. */
export class Worker {
  /** Resolves when it accepts commands. */
  readonly ready: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #commands = 0;

  constructor() {
    const path = new URL("worker.ts", import.meta.url);
    this.#process = fork(path, { execArgv: ["--no-warnings", "--import", "tsx"] });
    this.#process.on("message", (reply: Reply) => {
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.ready = this.#reply(0);
  }

  async tell(command: Command): Promise<Reply> {
    await this.ready;
    this.#commands += 1;
    const message: Message = { id: this.#commands, command };
    const reply = this.#reply(message.id);
    this.#process.send(message);
    return reply;
  }

  /** Stops the process for this much real time: no timer fires and no socket is read. */
  async freeze(ms: number): Promise<void> {
    this.#process.kill("SIGSTOP");
    await delay(ms);
    this.#process.kill("SIGCONT");
  }

  async kill(): Promise<void> {
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }

  #reply(id: number): Promise<Reply> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }
}
