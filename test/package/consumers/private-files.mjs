import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const paths = [
  "/dist/esm/seal.d.ts",
  "/dist/cjs/seal.d.ts",
  "/dist/esm/index.js",
  "/dist/cjs/package.json",
  "/src/seal.ts",
  "/seal",
  "/testing/simulator.js",
  "/docs/troubleshooting.md",
];

const codes = new Set();
for (const path of paths) {
  codes.add(
    await import(`express-discord${path}`).then(
      () => `${path} is reachable`,
      (error) => error.code,
    ),
  );
  try {
    require(`express-discord${path}`);
    codes.add(`${path} is reachable`);
  } catch (error) {
    codes.add(error.code);
  }
}
console.log(JSON.stringify({ codes: [...codes], version: require("express-discord/package.json").version }));
