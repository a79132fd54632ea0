import type { Cluster, ClusterOptions } from "./cluster.js";
import { settle } from "./settle.js";
import type { Action, Mishaps } from "./turns.js";
import { type Circumstances, Violation } from "./world.js";

/** What happens in a run, and what must be true afterwards. */
export interface Story extends Circumstances, Mishaps, Omit<ClusterOptions, "patches"> {
  readonly name: string;
  /** Prepares a run, before anything is held. */
  begin(cluster: Cluster): Promise<Scene>;
}

/** One run of a story. */
export interface Scene {
  /** What the processes do simultaneously. */
  readonly scripts: readonly (() => Promise<void>)[];
  /**
   * Checks the result when everything has finished and nothing is held any more.
   *
   * @throws Violation
   */
  check(): Promise<void>;
}

/** The result of a search. */
export interface Report {
  /** The number of runs that finished. */
  readonly orders: number;
  /** The number of runs that reached a state which another run had reached. */
  readonly merged: number;
  readonly states: number;
  /** Whether the search covered every order. */
  readonly isComplete: boolean;
  readonly counterexample: Counterexample | undefined;
}

/** A run that violated a rule. */
export interface Counterexample {
  readonly what: string;
  /** The choices to replay it. */
  readonly choices: readonly number[];
  readonly steps: readonly string[];
}

/** A path through a story that has not been run yet. */
interface Way {
  readonly choices: readonly number[];
  /** Actions to skip in the next step: another path starts with them and leads to the same states. */
  readonly asleep: readonly Action[];
}

/**
 * Runs a story through every order of its calls, but only once for orders that lead to the same state. Skips most
 * orders that differ only in two neighbouring, independent actions ("sleep sets", Godefroid 1996).
 */
export async function explore(
  cluster: Cluster,
  story: Story,
  mostRuns = Number.POSITIVE_INFINITY,
): Promise<Report> {
  const ways: Way[] = [{ choices: [], asleep: [] }];
  /** The skipped actions of each state. */
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

/** Whether two actions are independent: they lead to the same state in either order, and neither prevents the other. */
function isIndependent(one: Action, other: Action): boolean {
  if (one.process === undefined || other.process === undefined || one.process === other.process) return false;
  if (one.isMishap && other.isMishap) return false;
  if (one.resource === undefined || other.resource === undefined) return true;
  return one.resource !== other.resource || (one.isRead && other.isRead);
}
