import { readFileSync } from "node:fs";
import { type Html, html } from "./html.js";

const ROUTE = /^ *(?:app|router)\.(get|post)\(\s*"([^"]+)"/;
const TOKENS =
  /(?<comment>\/\/.*)|(?<string>"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(?<keyword>async|await|const|else|if|new|return|true|false|undefined)\b|\b(?<name>discord|requires\w+)\b/g;

/** Reads the code of each route of an app, such as "GET /me/", from its source, so a page shows the code that runs. */
export function routeCode(file: URL): ReadonlyMap<string, string> {
  const lines = readFileSync(file, "utf8").split("\n");
  const routes = new Map<string, string>();
  for (const [start, line] of lines.entries()) {
    const [, method = "", path = ""] = ROUTE.exec(`${line}\n${lines[start + 1]}`) ?? [];
    if (path === "") continue;
    const indent = line.search(/\S/);
    const isLast = (one: string) => one.search(/\S/) === indent && one.endsWith(";");
    const end = lines.findIndex((one, index) => index >= start && isLast(one));
    const code = lines.slice(start, end + 1).map((one) => one.slice(indent));
    routes.set(`${method.toUpperCase()} ${path}`, code.join("\n"));
  }
  return routes;
}

/** Highlights code. */
export function highlight(code: string): Html[] {
  const parts: Html[] = [];
  let end = 0;
  for (const { 0: token, index, groups = {} } of code.matchAll(TOKENS)) {
    const [kind] = Object.keys(groups).filter((name) => groups[name] !== undefined);
    parts.push(html`${code.slice(end, index)}<span class="${kind}">${token}</span>`);
    end = index + token.length;
  }
  return [...parts, html`${code.slice(end)}`];
}
