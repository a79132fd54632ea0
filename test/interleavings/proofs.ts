import {
  callbackAndCallback,
  callbackAndCallbackOnFastStore,
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
  refreshAndRefreshOnFastStore,
  refreshAndRefreshUnderLock,
  refreshAndSignOut,
  refreshAndSignOutAndReader,
  refreshAndSignOutEverywhere,
  refreshAndSignOutEverywhereAndReader,
  refreshAndSlowWriter,
  signOutAndSlowWriter,
  threeRefreshes,
} from "./stories.js";
import type { Mishaps } from "./turns.js";

const BOTH = ["A", "B"];
/** If both do the same, it makes no difference which of them has the mishap. */
const ONE = ["A"];

/** Two processes refresh. */
export const REFRESHES: readonly Story[] = [
  withMishap(refreshAndRefresh, { mayDie: ONE, mayFreeze: ONE, mayFail: ONE }),
  { ...refreshAndRefresh, name: `${refreshAndRefresh.name}, touch writes`, touchWrites: true },
  {
    ...refreshAndRefresh,
    name: `${refreshAndRefresh.name}, Discord is slow`,
    slowDiscord: { process: "A", ms: 900 },
  },
  withMishap(refreshAndRefreshUnderLock, { mayDie: ONE }),
  refreshAndRefreshOnFastStore,
  refreshAfterFailure,
  withMishap(refreshAndSlowWriter, { mayDie: BOTH, mayFreeze: BOTH }),
];

/** Two processes, one of which signs out. */
export const SIGN_OUTS: readonly Story[] = [
  refreshAndSignOut,
  refreshAndSignOutEverywhere,
  callbackAndSignOut,
  signOutAndSlowWriter,
].map((story) => withMishap(story, { mayDie: BOTH, mayFreeze: BOTH, mayFail: BOTH }));

/** Two processes get the same callback. */
export const CALLBACKS: readonly Story[] = [
  withMishap(callbackAndCallback, { mayDie: ONE }),
  callbackAndCallbackOnFastStore,
];

/** One or both of two processes get a code that a client has posted. */
export const POSTED_CODES: readonly Story[] = [
  withMishap(mobileCodeTwice, { mayDie: ONE }),
  activityCodeTwice,
  codeAndSignOut,
  codeAndFormerSignOut,
];

/** Two processes with too many orders for every test run. */
export const LARGE: readonly Story[] = [
  withMishap(callbackAndCallback, { mayFreeze: ONE }),
  withMishap(refusedCallbackAndCallback, { mayDie: ONE, mayFreeze: ONE }),
  withMishap(repeatedCallbackAndSignOut, { mayDie: BOTH, mayFreeze: BOTH, mayFail: BOTH }),
];

/** Three processes, with too many orders for every test run. */
export const THREE_PROCESSES: readonly Story[] = [
  withMishap(refreshAndSignOutAndReader, { mayDie: BOTH }),
  withMishap(refreshAndSignOutEverywhereAndReader, { mayDie: BOTH }),
  withMishap(threeRefreshes, { mayDie: ONE }),
  threeCallbacks,
  threeRefusedCallbacks,
];

/** Any one mishap may happen, or none: the orders without it are searched, too. */
function withMishap(story: Story, mishaps: Mishaps): Story {
  return { ...story, ...mishaps, name: `${story.name}, with a mishap` };
}
