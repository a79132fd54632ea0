import type { Cluster, ClusterOptions } from "./cluster.js";
import { settle } from "./settle.js";
import type { Action, Mishaps } from "./turns.js";
import { type Circumstances, Violation } from "./world.js";

/** What happens in a run, and what must hold. */
export interface Story extends Circumstances, Mishaps, Omit<ClusterOptions, "patches"> {
  readonly name: string;
  /** Prepares a run, while nothing is held. */
  begin(cluster: Cluster): Promise<Scene>;
}

/** One run of a story. */
export interface Scene {
  /** What the processes do at once. */
  readonly scripts: readonly (() => Promise<void>)[];
  /** When everything has come to rest; nothing is held any more. @throws Violation */
  check(): Promise<void>;
}

/** What a search has found. */
export interface Report {
  /** Runs that came to their end. */
  readonly orders: number;
  /** Runs that came to a state which another one had come to. */
  readonly merged: number;
  readonly states: number;
  /** Whether every order was searched. */
  readonly isComplete: boolean;
  readonly counterexample: Counterexample | undefined;
}

/** A run that ended badly. */
export interface Counterexample {
  readonly what: string;
  /** Replays it. */
  readonly choices: readonly number[];
  readonly steps: readonly string[];
}

/** A way through a story that has not been taken yet. */
interface Way {
  readonly choices: readonly number[];
  /** Actions that need not be taken next: another way begins with them and leads to the same states. */
  readonly asleep: readonly Action[];
}

/**
 * Runs a story through every order of its calls, once for all orders that lead to the same state.
 *
 * Orders that differ only in two neighbouring actions which do not concern each other are not all run ("sleep sets",
 * Godefroid 1996).
 */
export async function explore(
  cluster: Cluster,
  story: Story,
  mostRuns = Number.POSITIVE_INFINITY,
): Promise<Report> {
  const ways: Way[] = [{ choices: [], asleep: [] }];
  /** The actions that were asleep in each state: they were not taken there. */
  const known = new Map<string, ReadonlySet<string>>();
  let orders = 0;
  let merged = 0;
  let counterexample: Counterexample | undefined;

  async function follow({ choices, asleep: former }: Way): Promise<void> {
    const run = await begin(cluster, story, choices);
    let asleep = former;
    for (;;) {
      const actions = run.actions();
      if (actions.length === 0) break;
      const { state } = cluster.turns;
      const untaken = known.get(state);
      const isUntaken = ({ id }: Action) => untaken?.has(id) ?? true;
      const isAwake = (action: Action) => !asleep.some(({ id }) => id === action.id);
      const [first, ...others] = actions.filter((action) => isAwake(action) && isUntaken(action));
      known.set(state, new Set(asleep.filter(isUntaken).map(({ id }) => id)));
      if (!first) {
        merged += 1;
        return;
      }
      const taken = [...asleep, first];
      const next: Way[] = [];
      for (const action of others) {
        next.push({
          choices: [...run.choices, actions.indexOf(action)],
          asleep: taken.filter((other) => isIndependent(other, action)),
        });
        taken.push(action);
      }
      ways.push(...next.reverse());
      asleep = asleep.filter((other) => isIndependent(other, first));
      await run.take(actions.indexOf(first));
    }
    orders += 1;
    counterexample = await run.end();
  }

  while (!counterexample && orders + merged < mostRuns) {
    const way = ways.pop();
    if (!way) break;
    await follow(way);
  }
  return { orders, merged, states: known.size, isComplete: ways.length === 0, counterexample };
}

/** Runs a story in one order. */
export async function replay(
  cluster: Cluster,
  story: Story,
  choices: readonly number[],
): Promise<Counterexample> {
  const run = await begin(cluster, story, choices);
  while (run.actions().length > 0) await run.take(0);
  const counterexample = await run.end();
  return counterexample ?? { what: "Nothing went wrong.", choices, steps: cluster.world.trace };
}

async function begin(cluster: Cluster, story: Story, choices: readonly number[]) {
  cluster.begin(story);
  const { world, turns } = cluster;
  const { scripts, check } = await story.begin(cluster);
  world.isFree = false;
  for (const script of scripts) script().catch((error: unknown) => world.violate(textOf(error)));
  await settle(world);
  const taken: number[] = [];
  const actions = () => (world.violation ? [] : turns.actions());

  async function take(choice: number): Promise<void> {
    const action = actions()[choice];
    if (!action)
      throw new Error(`"${story.name}" does not repeat itself: it has no choice ${choice} any more.`);
    taken.push(choice);
    action.run();
    await settle(world);
    turns.settled();
  }
  async function end(): Promise<Counterexample | undefined> {
    world.isFree = true;
    if (!world.violation) await check().catch((error: unknown) => world.violate(textOf(error)));
    return world.violation && { what: world.violation.message, choices: taken, steps: world.trace };
  }
  for (const choice of choices) await take(choice);
  return { choices: taken as readonly number[], actions, take, end };
}

function textOf(error: unknown): string {
  return error instanceof Violation ? error.message : String(error);
}

/** Whether two actions lead to the same state in either order, and neither makes the other impossible. */
function isIndependent(one: Action, other: Action): boolean {
  if (one.process === undefined || other.process === undefined || one.process === other.process) return false;
  if (one.isMishap && other.isMishap) return false;
  if (one.resource === undefined || other.resource === undefined) return true;
  return one.resource !== other.resource || (one.isRead && other.isRead);
}
