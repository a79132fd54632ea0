import type { DiscordSimulator } from "express-discord/testing";
import type { Extent } from "./extent.js";
import type { ServerProcess } from "./server-process.js";
import type { SimulatedUser } from "./visitor.js";

/** What every scenario works with. */
export interface Bench {
  readonly simulator: DiscordSimulator;
  readonly extent: Extent;
  /** Starts a contestant's server. */
  start(contestant: string): Promise<ServerProcess>;
  /** Accounts at the simulated Discord, which any scenario may sign in. */
  users(count: number): readonly SimulatedUser[];
}

/** One row of the table of aims. */
export interface Aim {
  readonly what: string;
  readonly mustReach: string;
  readonly reached: string;
  readonly isReached: boolean;
  /** Whether it is a count, which neither the machine nor the extent changes. */
  readonly isExact?: boolean;
}

/** What a scenario has found: Markdown, and whether it is what was aimed at. */
export interface Findings {
  readonly title: string;
  readonly markdown: string;
  readonly aims: readonly Aim[];
}
