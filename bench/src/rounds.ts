import type { ServerProcess } from "./server-process.js";
import { type Spread, spreadOf } from "./statistics.js";

/** What one contestant took in the rounds, oldest first. */
export interface Measured {
  readonly contestant: string;
  /** CPU of the server's process, for one turn of the task. */
  readonly cpuMicros: readonly number[];
  readonly perSecond: readonly number[];
}

/** How often every contestant has its turn: first uncounted, until V8 has compiled what runs often, and then counted. */
export interface Rounds {
  readonly warmUp: number;
  readonly counted: number;
}

/**
 * Measures contestants in rounds, each of which gives every one its turn and begins with another one, so that whatever
 * else the machine does hits all alike.
 *
 * @param load what a server has to do in one turn; returns how often it did the task
 */
export async function measureInRounds(
  servers: readonly ServerProcess[],
  rounds: Rounds,
  load: (server: ServerProcess) => Promise<number>,
): Promise<Measured[]> {
  const measured = servers.map(({ contestant }) => ({
    contestant,
    cpuMicros: [] as number[],
    perSecond: [] as number[],
  }));
  for (let round = 0; round < rounds.warmUp; round++) {
    for (const server of servers) await load(server);
  }
  for (let round = 0; round < rounds.counted; round++) {
    for (const turn of servers.keys()) {
      const place = (round + turn) % servers.length;
      const [server, results] = [servers[place], measured[place]];
      if (!server || !results) continue;
      const cpuBefore = await server.ask("cpuMicros");
      const start = performance.now();
      const times = await load(server);
      const seconds = (performance.now() - start) / 1000;
      results.cpuMicros.push(((await server.ask("cpuMicros")) - cpuBefore) / times);
      results.perSecond.push(times / seconds);
    }
  }
  return measured;
}

/** How many times the CPU of another contestant one took, round by round. */
export function cpuRatio(measured: readonly Measured[], contestant: string, beside: string): Spread {
  const cpuOf = (name: string) => measured.find((one) => one.contestant === name)?.cpuMicros ?? [];
  const floor = cpuOf(beside);
  return spreadOf(cpuOf(contestant).map((cpu, round) => cpu / (floor[round] ?? Number.NaN)));
}
