import { defineConfig } from "vitest/config";
import base from "./vitest.config.js";

/** Real session stores and several processes: they need servers and minutes, so they are not part of `npm test`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/stores/**/*.test.ts", "test/processes/**/*.test.ts"],
    exclude: [],
  },
});
