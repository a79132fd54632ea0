/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  readonly viewsInRound: number;
  readonly loginPagesInRound: number;
  readonly loginsInRound: number;
  readonly signedInVisitors: number;
  readonly visitorsInHeap: number;
  readonly freshProcesses: number;
  readonly firstLogins: number;
}

/** What the results are read from: some minutes. */
export const FULL: Extent = {
  rounds: 21,
  viewsInRound: 4000,
  loginPagesInRound: 2000,
  loginsInRound: 150,
  signedInVisitors: 200,
  visitorsInHeap: 10_000,
  freshProcesses: 15,
  firstLogins: 7,
};

/** Whether everything works; the numbers mean nothing. */
export const SMOKE: Extent = {
  rounds: 2,
  viewsInRound: 100,
  loginPagesInRound: 100,
  loginsInRound: 8,
  signedInVisitors: 8,
  visitorsInHeap: 100,
  freshProcesses: 1,
  firstLogins: 1,
};
