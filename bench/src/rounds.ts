import type { Bench } from "./bench.js";
import { CONTESTANTS } from "./contestants.js";
import type { Rounds } from "./extent.js";
import type { ServerProcess } from "./server-process.js";
import { type Spread, spreadOf } from "./statistics.js";

/** What one contestant took in the rounds, oldest first. */
export interface Measured {
  readonly contestant: string;
  /** CPU of the server's process, for one turn of the task. */
  readonly cpuMicros: readonly number[];
  readonly perSecond: readonly number[];
}

/** What a server has to do when it has its turn. @returns how often it did the task */
export type Turn = () => Promise<number>;

/**
 * Measures all contestants in rounds, each of which gives every one its turn and begins with another one, so that whatever
 * else the machine does hits all alike.
 *
 * @param prepare what a new server needs before its first turn
 */
export async function measureInRounds(
  { start }: Bench,
  { generations, warmUp, counted }: Rounds,
  prepare: (server: ServerProcess) => Promise<Turn>,
): Promise<Measured[]> {
  const measured = CONTESTANTS.map(({ name }) => ({
    contestant: name,
    cpuMicros: [] as number[],
    perSecond: [] as number[],
  }));
  for (let generation = 0; generation < generations; generation++) {
    const servers = await Promise.all(CONTESTANTS.map(({ name }) => start(name)));
    const players = [];
    for (const [place, server] of servers.entries())
      players.push({ server, turn: await prepare(server), results: measured[place] });
    for (let round = 0; round < warmUp; round++) for (const { turn } of players) await turn();
    for (let round = 0; round < counted; round++) {
      for (const { server, turn, results } of rotated(players, round)) {
        const { cpuMicros, perSecond } = await measure(server, turn);
        results?.cpuMicros.push(cpuMicros);
        results?.perSecond.push(perSecond);
      }
    }
    await Promise.all(servers.map((server) => server.stop()));
  }
  return measured;
}

async function measure(server: ServerProcess, turn: Turn): Promise<{ cpuMicros: number; perSecond: number }> {
  const cpuBefore = await server.ask("cpuMicros");
  const start = performance.now();
  const times = await turn();
  const seconds = (performance.now() - start) / 1000;
  return { cpuMicros: ((await server.ask("cpuMicros")) - cpuBefore) / times, perSecond: times / seconds };
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** How many times the CPU of another contestant one took, round by round. */
export function cpuRatio(measured: readonly Measured[], contestant: string, beside: string): Spread {
  const cpuOf = (name: string) => measured.find((one) => one.contestant === name)?.cpuMicros ?? [];
  const floor = cpuOf(beside);
  return spreadOf(cpuOf(contestant).map((cpu, round) => cpu / (floor[round] ?? Number.NaN)));
}
