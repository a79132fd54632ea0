import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

const MODULES = join(import.meta.dirname, "../node_modules");

interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The bytes of packages and of all that they depend on, each counted once. */
export function installedBytes(names: readonly string[]): number {
  const folders = new Set<string>();
  const queue = names.map((name) => ({ name, from: MODULES }));
  for (const { name, from } of queue) {
    const folder = findPackage(name, from);
    if (folders.has(folder)) continue;
    folders.add(folder);
    const dependencies = Object.keys(manifestOf(folder).dependencies ?? {});
    queue.push(...dependencies.map((dependency) => ({ name: dependency, from: folder })));
  }
  return [...folders].reduce((sum, folder) => sum + bytesIn(folder), 0);
}

/** The version of a package that the bench itself has installed. */
export function versionOf(name: string): string {
  return manifestOf(join(MODULES, name)).version;
}

/** As Node.js finds it: in the nearest `node_modules` above. */
function findPackage(name: string, from: string): string {
  const folder = join(from, "node_modules", name);
  if (existsSync(folder)) return folder;
  if (dirname(from) === from) throw new Error(`The package ${name} is not installed.`);
  return findPackage(name, dirname(from));
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

/** Without packages inside it, which are counted by themselves. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== "node_modules")
    .map((entry) => join(folder, entry.name))
    .reduce((sum, path) => sum + (statSync(path).isDirectory() ? bytesIn(path) : statSync(path).size), 0);
}
