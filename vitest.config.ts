import { defineConfig } from "vitest/config";

const elsewhere = ["test/package/**", "test/clients/**", "test/browser/**", "test/soak/**"];
/** They take minutes, and are left to `npm run test:services`; coverage counts them. */
const slow = process.argv.includes("--coverage") ? [] : ["test/stores/**", "test/processes/**"];

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    globalSetup: "test/support/services.ts",
    setupFiles: "test/support/shared-process.ts",
    include: ["test/**/*.test.ts"],
    exclude: [...elsewhere, ...slow],
    maxWorkers: 4,
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      reportOnFailure: true,
      include: ["src/**/*.ts"],
      reporter: ["text", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
