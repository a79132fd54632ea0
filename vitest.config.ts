import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    globalSetup: "test/support/services.ts",
    include: ["test/**/*.test.ts"],
    exclude: ["test/package/**", "test/browser/**", "test/soak/**"],
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    coverage: {
      provider: "v8",
      reportOnFailure: true,
      include: ["src/**/*.ts"],
      reporter: ["text", "json-summary"],
      thresholds: { lines: 95, branches: 95 },
    },
  },
});
