import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";

/** Builds the package twice, as ES modules and as CommonJS. Node tells them apart by the `type` of the nearest package.json. */
rmSync("dist", { recursive: true, force: true });
for (const project of ["tsconfig.build.json", "tsconfig.cjs.json"]) {
  execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project], { stdio: "inherit" });
}
writeFileSync("dist/cjs/package.json", '{ "type": "commonjs", "sideEffects": false }\n');
