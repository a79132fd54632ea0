import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { DiscordSimulator } from "express-discord/testing";
import { Pool } from "undici";
import { onCore, SERVER_CORE } from "./cores.js";

/** What a server can be asked between the rounds; each is answered with a number. */
export type Question = "cpuMicros" | "heapBytes" | "sessionCount" | "forgetSessions" | "forgetUsers";

/** What a server sends. */
export interface Answer {
  readonly question: Question | "port";
  readonly value: number;
}

const KEEP_ALIVE_MS = 300_000;

/** A contestant's server, on a core of its own. */
export class ServerProcess {
  readonly contestant: string;
  readonly #url: string;
  readonly #process: ChildProcess;
  readonly #pools: Pool[] = [];

  private constructor(contestant: string, url: string, child: ChildProcess) {
    this.contestant = contestant;
    this.#url = url;
    this.#process = child;
  }

  /** @param flags of Node.js, such as `--cpu-prof` */
  static async start(
    contestant: string,
    simulator: DiscordSimulator,
    flags: readonly string[],
  ): Promise<ServerProcess> {
    const { discordUrl, clientId, clientSecret } = simulator.options;
    const script = join(import.meta.dirname, "server.js");
    const [command, ...args] = onCore(SERVER_CORE, [
      process.execPath,
      "--expose-gc",
      ...flags,
      script,
      contestant,
      discordUrl,
      clientId,
      clientSecret,
    ]);
    const child = spawn(command, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const port = await answerTo(child, "port");
    return new ServerProcess(contestant, `http://127.0.0.1:${port}`, child);
  }

  /** Connections that visitors share, and that are kept until the server stops. */
  connect(connections: number): Pool {
    const pool = new Pool(this.#url, { connections, keepAliveTimeout: KEEP_ALIVE_MS });
    this.#pools.push(pool);
    return pool;
  }

  async ask(question: Question): Promise<number> {
    const answer = answerTo(this.#process, question);
    this.#process.send(question);
    return answer;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.close()));
    const exit = once(this.#process, "exit");
    this.#process.disconnect();
    await exit;
  }
}

async function answerTo(child: ChildProcess, question: Answer["question"]): Promise<number> {
  const exited = new AbortController();
  const onExit = () => exited.abort(new Error("The server has ended."));
  child.once("exit", onExit);
  try {
    const [answer]: Answer[] = await once(child, "message", { signal: exited.signal });
    if (answer?.question !== question) throw new Error(`The server has not answered ${question}.`);
    return answer.value;
  } finally {
    child.off("exit", onExit);
  }
}
