import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

/** A change to a source file, to check that the search notices it. */
export interface Patch {
  /** Below `src`. */
  readonly file: string;
  /** The text to replace. It must occur exactly once. */
  readonly from: string;
  readonly to: string;
}

/** A copy of the library with a clock and hooks of its own. */
export type Instance = typeof import("./instance.js");

/** In `node_modules`, where packages are found and tools do not look. */
const FOLDER = "node_modules/.cache/express-discord-interleavings";
/** Hides warnings that every run emits. */
const QUIET = "const process = Object.create(globalThis.process, { emitWarning: { value() {} } });";
const HELD_OAUTH2 = resolve("test/interleavings/held-oauth2.ts");

/**
 * Bundles the library, so that each process can load a copy of its own.
 *
 * @returns a function that loads the copy of a process
 */
export async function bundleLibrary(
  patches: readonly Patch[] = [],
): Promise<(process: string) => Promise<Instance>> {
  const build = await rolldown({
    input: "test/interleavings/instance.ts",
    platform: "node",
    external: (id, importer) => !/^[./]/.test(id) && !isHeld(id, importer),
    plugins: [
      {
        name: "hold-token-requests",
        resolveId: (id, importer) => (isHeld(id, importer) ? HELD_OAUTH2 : undefined),
      },
      { name: "patch", transform: (code, id) => patched(code, id, patches) },
    ],
  });
  const { output } = await build.generate({ format: "esm", codeSplitting: false, banner: QUIET });
  await build.close();
  const { code } = output[0];
  mkdirSync(FOLDER, { recursive: true });
  const file = resolve(FOLDER, `${createHash("sha256").update(code).digest("hex").slice(0, 16)}.mjs`);
  // In one step, because other test processes may be loading the same file.
  const draft = resolve(FOLDER, `${randomUUID()}.draft`);
  writeFileSync(draft, code);
  renameSync(draft, file);
  return (process) => import(/* @vite-ignore */ `${pathToFileURL(file)}?${process}`) as Promise<Instance>;
}

function isHeld(id: string, importer: string | undefined): boolean {
  return id === "simple-oauth2" && importer !== HELD_OAUTH2;
}

function patched(code: string, id: string, patches: readonly Patch[]): string | undefined {
  const own = patches.filter(({ file }) => id === resolve("src", file));
  if (own.length === 0) return undefined;
  return own.reduce((text, { from, to }) => {
    if (text.split(from).length !== 2) throw new Error(`A patch must match once in ${id}: ${from}`);
    return text.replace(from, () => to);
  }, code);
}
