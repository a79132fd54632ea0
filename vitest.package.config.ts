import { defineConfig } from "vitest/config";

/** The packed tarball in real consumers: installs from the registry, so it is not part of `npm test`. */
export default defineConfig({
  test: {
    include: ["test/package/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
