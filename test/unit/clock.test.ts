import { syncBuiltinESMExports } from "node:module";
import { mock } from "node:test";
import { expect, it, onTestFinished } from "vitest";
import { sleep } from "../../src/clock.js";

it("a wait ends in real time although an app's test has mocked the timers", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  // The CommonJS build sees the mocks without this.
  syncBuiltinESMExports();
  onTestFinished(() => {
    mock.timers.reset();
    syncBuiltinESMExports();
  });
  await expect(sleep(1)).resolves.toBeUndefined();
});
