import { spawnSync } from "node:child_process";

/** The oldest release that package.json allows, and the majors after it. */
const VERSIONS = ["20.19.0", "22", "24"];

/**
 * Tests that do not depend on the version of Node.js: searches through orders of calls, the guides, the house rules.
 */
const EXCLUDED = ["--exclude", "test/interleavings/**", "--exclude", "test/project/**"];

/** Runs the tests on every Node.js that the package supports; the npm package `node` brings the binaries. */
for (const version of VERSIONS) {
  console.log(`Node.js ${version}`);
  const vitest = ["node", "node_modules/vitest/vitest.mjs", "run", ...EXCLUDED, ...process.argv.slice(2)];
  const { status } = spawnSync("npm", ["exec", "--yes", `--package=node@${version}`, "--", ...vitest], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
