import type { Rounds } from "./rounds.js";

/** How much is measured. */
export interface Extent {
  readonly guardedPage: Rounds;
  readonly viewsInRound: number;
  readonly signedInVisitors: number;
  readonly loginPage: Rounds;
  readonly loginPagesInRound: number;
  readonly wholeLogin: Rounds;
  readonly loginsInRound: number;
  readonly visitorsInHeap: number;
  /** For each contestant: to import it. */
  readonly freshProcesses: number;
  /** For each contestant: to sign somebody in. */
  readonly firstLogins: number;
}

/** What the results are read from: some minutes. */
export const FULL: Extent = {
  guardedPage: { warmUp: 8, counted: 21 },
  viewsInRound: 2500,
  signedInVisitors: 200,
  loginPage: { warmUp: 4, counted: 21 },
  loginPagesInRound: 1500,
  wholeLogin: { warmUp: 14, counted: 21 },
  loginsInRound: 150,
  visitorsInHeap: 10_000,
  freshProcesses: 15,
  firstLogins: 7,
};

/** Whether everything works; the numbers mean nothing. */
export const SMOKE: Extent = {
  guardedPage: { warmUp: 1, counted: 2 },
  viewsInRound: 50,
  signedInVisitors: 4,
  loginPage: { warmUp: 1, counted: 2 },
  loginPagesInRound: 50,
  wholeLogin: { warmUp: 1, counted: 2 },
  loginsInRound: 4,
  visitorsInHeap: 50,
  freshProcesses: 1,
  firstLogins: 1,
};
