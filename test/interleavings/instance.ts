/** Everything that a simulated process loads: the library, its clock, and the hooks that hold its calls to Discord. */
export { replaceClock } from "../../src/clock.js";
export { DiscordOAuth2Session } from "../../src/index.js";
export { setHooks } from "./hooks.js";

import { Rest } from "../../src/rest/rest.js";
import { current } from "./hooks.js";

const { send } = Rest.prototype;
Rest.prototype.send = function (...call) {
  return current().apiCall(() => send.apply(this, call));
};
