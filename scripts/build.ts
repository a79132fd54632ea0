import { execFileSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { rolldown } from "rolldown";

/** Each is bundled into one file: loading the seventy files it consists of would take three times as long. */
const DOORS = { index: "src/index.ts", "testing/index": "src/testing/index.ts" };

/** It is run, never imported, so one format is enough. */
const COMMAND = { cli: "src/testing/cli.ts" };

/**
 * Builds the package into `dist`: each entry point as an ES module and as CommonJS, with types, which are the same for
 * both.
 */
rmSync("dist", { recursive: true, force: true });
await Promise.all([bundle("esm", { ...DOORS, ...COMMAND }), bundle("cjs", DOORS)]);
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
cpSync("dist/esm", "dist/cjs", { recursive: true, filter: (path) => !path.endsWith(".js") });
// Node tells the two formats apart by the `type` in the nearest package.json.
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs", "sideEffects": false }\n');

async function bundle(format: "esm" | "cjs", input: Record<string, string>): Promise<void> {
  const doors = await rolldown({
    input,
    external: (id) => !/^[./]/.test(id),
    platform: "node",
    tsconfig: "tsconfig.build.json",
  });
  await doors.write({
    dir: `dist/${format}`,
    format,
    entryFileNames: "[name].js",
    chunkFileNames: "[name].js",
    // In CommonJS, lazy imports become `require` too, for test runners that do not support ES modules.
    dynamicImportInCjs: false,
  });
  await doors.close();
}
