import type { Answer } from "./answer.js";
import type { Call, PathId } from "./call.js";

/** Handles a request. */
export type Handle = (call: Call) => Answer;

/** Handlers by method and path, such as "GET /users/:id". Placeholders are ids, or one of {@link FREE_TEXTS}. */
export type Routes = Readonly<Record<string, Handle>>;

/** The route of a path. */
export interface Place {
  readonly template: string;
  readonly ids: readonly PathId[];
  /** `undefined` if the method is not allowed. */
  readonly handle: Handle | undefined;
}

/** Placeholders that are not snowflakes. */
const FREE_TEXTS = new Set([":token", ":instance", ":frame", ":attachment", ":filename", ":file"]);

interface Resource {
  readonly template: string;
  readonly segments: readonly string[];
  readonly handles: Map<string, Handle>;
}

/** Finds the route of a path. Literal segments take precedence over placeholders. */
export class Router {
  readonly #literal = new Map<string, Resource>();
  readonly #variable: Resource[] = [];

  constructor(routes: Routes) {
    const resources = new Map<string, Resource>();
    for (const [endpoint, handle] of Object.entries(routes)) {
      // A path may contain spaces: a custom answer's is percent-decoded.
      const [method = "", template = ""] = endpoint.split(/ (.*)/s);
      const resource = resources.get(template) ?? {
        template,
        segments: template.split("/"),
        handles: new Map(),
      };
      resource.handles.set(method, handle);
      resources.set(template, resource);
    }
    for (const resource of resources.values()) {
      if (resource.template.includes(":")) this.#variable.push(resource);
      else this.#literal.set(resource.template, resource);
    }
  }

  find(method: string, path: string): Place | undefined {
    const literal = this.#literal.get(path);
    if (literal !== undefined) return toPlace(literal, method, []);
    const segments = path.split("/");
    const resource = this.#variable.find((candidate) => fits(candidate.segments, segments));
    return resource && toPlace(resource, method, segments);
  }
}

function fits(template: readonly string[], segments: readonly string[]): boolean {
  if (template.length !== segments.length) return false;
  return template.every(
    (part, index) => part === segments[index] || (part.startsWith(":") && segments[index] !== ""),
  );
}

function toPlace(resource: Resource, method: string, segments: readonly string[]): Place {
  const ids: PathId[] = [];
  for (const [index, value] of segments.entries()) {
    const part = resource.segments[index];
    if (part?.startsWith(":")) {
      ids.push({ field: fieldName(part, resource.segments[index - 1]), value, isText: FREE_TEXTS.has(part) });
    }
  }
  const handle =
    resource.handles.get(method) ?? (method === "HEAD" ? resource.handles.get("GET") : undefined);
  return { template: resource.template, ids, handle };
}

function fieldName(part: string, parent = ""): string {
  return part === ":id" ? `${parent.replace(/s$/, "")}_id` : `${part.slice(1)}_id`;
}
