import {
  callbackAndCallback,
  callbackAndSignOut,
  refusedCallbackAndCallback,
  repeatedCallbackAndSignOut,
  threeCallbacks,
  threeRefusedCallbacks,
} from "./callback-stories.js";
import type { Story } from "./explorer.js";
import {
  activityCodeTwice,
  codeAndFormerSignOut,
  codeAndSignOut,
  mobileCodeTwice,
} from "./posted-code-stories.js";
import {
  refreshAfterFailure,
  refreshAndRefresh,
  refreshAndRefreshUnderLock,
  refreshAndSignOut,
  refreshAndSignOutAndReader,
  refreshAndSignOutEverywhere,
  refreshAndSignOutEverywhereAndReader,
  refreshAndSlowWriter,
  signOutAndSlowWriter,
  threeRefreshes,
} from "./stories.js";

const BOTH = ["A", "B"];
/** If both do the same, it makes no difference which of them has the mishap. */
const ONE = ["A"];

/** Two processes refresh. */
export const REFRESHES: readonly Story[] = [
  refreshAndRefresh,
  dying(refreshAndRefresh, ONE),
  freezing(refreshAndRefresh, ONE),
  failing(refreshAndRefresh, ONE),
  { ...refreshAndRefresh, name: `${refreshAndRefresh.name}, touch writes`, touchWrites: true },
  {
    ...refreshAndRefresh,
    name: `${refreshAndRefresh.name}, Discord is slow`,
    slowDiscord: { process: "A", ms: 900 },
  },
  refreshAndRefreshUnderLock,
  dying(refreshAndRefreshUnderLock, ONE),
  refreshAfterFailure,
  refreshAndSlowWriter,
  dying(refreshAndSlowWriter, BOTH),
  freezing(refreshAndSlowWriter, BOTH),
];

/** Two processes, one of which signs out. */
export const SIGN_OUTS: readonly Story[] = [
  refreshAndSignOut,
  refreshAndSignOutEverywhere,
  repeatedCallbackAndSignOut,
  callbackAndSignOut,
  signOutAndSlowWriter,
].flatMap((story) => [story, dying(story, BOTH), freezing(story, BOTH), failing(story, BOTH)]);

/** Two processes get the same callback. */
export const CALLBACKS: readonly Story[] = [
  callbackAndCallback,
  refusedCallbackAndCallback,
  dying(callbackAndCallback, ONE),
  dying(refusedCallbackAndCallback, ONE),
];

/** One or both of two processes get a code that a client has posted. */
export const POSTED_CODES: readonly Story[] = [
  mobileCodeTwice,
  dying(mobileCodeTwice, ONE),
  activityCodeTwice,
  codeAndSignOut,
  codeAndFormerSignOut,
];

/** Two processes with too many orders for every test run. */
export const LARGE: readonly Story[] = [
  freezing(callbackAndCallback, ONE),
  freezing(refusedCallbackAndCallback, ONE),
];

/** Three processes, with too many orders for every test run. */
export const THREE_PROCESSES: readonly Story[] = [
  refreshAndSignOutAndReader,
  refreshAndSignOutEverywhereAndReader,
  dying(refreshAndSignOutAndReader, BOTH),
  dying(refreshAndSignOutEverywhereAndReader, BOTH),
  threeRefreshes,
  dying(threeRefreshes, ONE),
  threeCallbacks,
  threeRefusedCallbacks,
];

function dying(story: Story, mayDie: readonly string[]): Story {
  return { ...story, name: `${story.name}, one dies`, mayDie };
}

function freezing(story: Story, mayFreeze: readonly string[]): Story {
  return { ...story, name: `${story.name}, one freezes`, mayFreeze };
}

function failing(story: Story, mayFail: readonly string[]): Story {
  return { ...story, name: `${story.name}, one write fails`, mayFail };
}
