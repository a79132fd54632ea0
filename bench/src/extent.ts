/** How often every contestant has its turn. */
export interface Rounds {
  /** How often all begin anew: two processes of one program differ by some percent. */
  readonly generations: number;
  /** Uncounted rounds, until V8 has compiled what runs often. */
  readonly warmUp: number;
  readonly counted: number;
}

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
  guardedPage: { generations: 3, warmUp: 5, counted: 7 },
  viewsInRound: 2000,
  signedInVisitors: 200,
  loginPage: { generations: 3, warmUp: 5, counted: 7 },
  loginPagesInRound: 1500,
  wholeLogin: { generations: 3, warmUp: 30, counted: 7 },
  loginsInRound: 150,
  visitorsInHeap: 10_000,
  freshProcesses: 15,
  firstLogins: 7,
};

/** Whether everything works; the numbers mean nothing. */
export const SMOKE: Extent = {
  guardedPage: { generations: 1, warmUp: 1, counted: 2 },
  viewsInRound: 50,
  signedInVisitors: 4,
  loginPage: { generations: 1, warmUp: 1, counted: 2 },
  loginPagesInRound: 50,
  wholeLogin: { generations: 1, warmUp: 1, counted: 2 },
  loginsInRound: 4,
  visitorsInHeap: 50,
  freshProcesses: 1,
  firstLogins: 1,
};
