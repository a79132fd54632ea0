import { defineConfig } from "vitest/config";

/** Other clients of Discord at the simulator. They have packages of their own: `npm run test:clients` installs them. */
export default defineConfig({
  test: {
    include: ["test/clients/*.test.ts"],
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
