import { spawnSync } from "node:child_process";

/** The oldest release that package.json allows, and the majors after it. */
const VERSIONS = ["20.19.0", "22", "24"];

/**
 * Runs the tests on every Node.js that the package supports; the npm package `node` brings the binaries. The search through
 * orders of calls does not depend on the version.
 */
for (const version of VERSIONS) {
  console.log(`Node.js ${version}`);
  const command = [
    "node",
    "node_modules/vitest/vitest.mjs",
    "run",
    "--exclude",
    "test/interleavings/**",
    ...process.argv.slice(2),
  ];
  const { status } = spawnSync("npm", ["exec", "--yes", `--package=node@${version}`, "--", ...command], {
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
}
