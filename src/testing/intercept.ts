import { syncBuiltinESMExports } from "node:module";
import type { Dispatcher } from "undici";
import { isRealDiscord } from "./addresses.js";

/** Headers of one connection, or derived from the body. */
const CONNECTION_HEADERS = [
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "transfer-encoding",
];

/** Options of `discord.intercept`. */
export interface InterceptOptions {
  /** Whether to intercept calls of `node:http` and `node:https`, which needs `@mswjs/interceptors`. Default: true. */
  readonly http?: boolean;
}

/** Redirects the calls of one HTTP client to the simulator that started intercepting last. */
class Redirection {
  readonly #install: (redirection: Redirection) => Promise<() => void>;
  readonly #targets: string[] = [];
  #installation: Promise<() => void> | undefined;

  constructor(install: (redirection: Redirection) => Promise<() => void>) {
    this.#install = install;
  }

  /** Starts a redirection. @returns a function that ends it */
  async begin(target: string): Promise<() => void> {
    this.#targets.push(target);
    const installation = this.#installation ?? this.#install(this);
    this.#installation = installation;
    try {
      const uninstall = await installation;
      return () => this.#end(target, uninstall);
    } catch (error) {
      this.#end(target, () => undefined);
      throw error;
    }
  }

  /** Returns the new URL of a call; `undefined` if the call is not redirected. */
  targetOf(url: string | URL | undefined): string | undefined {
    const isDiscord = url !== undefined && URL.canParse(String(url)) && isRealDiscord(new URL(url));
    return isDiscord ? this.#targets.at(-1) : undefined;
  }

  #end(target: string, uninstall: () => void): void {
    const index = this.#targets.lastIndexOf(target);
    if (index === -1) return;
    this.#targets.splice(index, 1);
    if (this.#targets.length > 0) return;
    this.#installation = undefined;
    uninstall();
  }
}

const throughUndici = new Redirection(redirectUndici);
const throughHttp = new Redirection(redirectHttp);

/**
 * Redirects this process's calls to Discord's hosts to the simulator at this URL: calls of `fetch`, undici,
 * `node:http` and `node:https`.
 *
 * @returns what ends it
 * @throws Error in production, on Bun, and without `@mswjs/interceptors` unless `http` is false
 */
export async function interceptDiscord(
  simulatorUrl: string,
  { http = true }: InterceptOptions = {},
): Promise<() => void> {
  if (process.env["NODE_ENV"] === "production") {
    throw new Error(
      "discord.intercept() redirects calls to Discord and is only for tests: NODE_ENV is production.",
    );
  }
  if (process.versions["bun"] !== undefined) {
    throw new Error(
      "discord.intercept() works on Node.js only: Bun has a fetch of its own, which cannot be redirected.",
    );
  }
  const stopHttp = http ? await throughHttp.begin(simulatorUrl) : undefined;
  const stopUndici = await throughUndici.begin(simulatorUrl).catch((error: unknown) => {
    stopHttp?.();
    throw error;
  });
  return function stopIntercepting() {
    stopUndici();
    stopHttp?.();
  };
}

/** The key of the dispatcher that the built-in fetch and all copies of undici use, unless a call has its own. */
const DISPATCHER = Symbol.for("undici.globalDispatcher.1");

/** A global object. In Jest, tests have another one than the built-in fetch. */
interface Realm {
  [DISPATCHER]?: Dispatcher;
}

async function redirectUndici(redirection: Redirection): Promise<() => void> {
  const { getGlobalDispatcher } = await import("undici");
  const usual = getGlobalDispatcher();
  const redirect: Parameters<Dispatcher["compose"]>[0] = (dispatch) => (options, handler) => {
    const origin = redirection.targetOf(options.origin) ?? options.origin;
    return dispatch({ ...withoutRepeatedLength(options), ...(origin !== undefined && { origin }) }, handler);
  };
  const realms = new Set([globalThis as Realm, await realmOfFetch()]);
  const restorers = [...realms].map((realm) => {
    const former = realm[DISPATCHER] ?? usual;
    const redirecting = former.compose(redirect);
    realm[DISPATCHER] = redirecting;
    return () => {
      // If the app has wrapped this dispatcher, it stays; without targets it redirects nothing.
      if (realm[DISPATCHER] === redirecting) realm[DISPATCHER] = former;
    };
  });
  return () => {
    for (const restore of restorers) restore();
  };
}

/** Node's fetch repeats a Content-Length that the caller set ("42, 42"), which newer dispatchers refuse. */
function withoutRepeatedLength(options: Dispatcher.DispatchOptions): Dispatcher.DispatchOptions {
  const headers: unknown = options.headers;
  if (typeof headers !== "object" || headers === null || Array.isArray(headers)) return options;
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "content-length");
  if (name === undefined) return options;
  const [length] = String(headers[name as keyof typeof headers]).split(", ");
  return { ...options, headers: { ...headers, [name]: length } };
}

/** Returns the global object of the built-in fetch, through a function created in its realm, which may be async. */
async function realmOfFetch(): Promise<Realm> {
  return typeof fetch === "undefined" ? (globalThis as Realm) : fetch.constructor("return globalThis")();
}

async function redirectHttp(redirection: Redirection): Promise<() => void> {
  const { ClientRequestInterceptor } = await import("@mswjs/interceptors/ClientRequest").catch(explain);
  const interceptor = new ClientRequestInterceptor();
  interceptor.on("request", async ({ request, controller }) => {
    const target = redirection.targetOf(request.url);
    if (target === undefined) return;
    try {
      controller.respondWith(await forward(request, target));
    } catch (error) {
      controller.errorWith(error instanceof Error ? error : new Error(String(error)));
    }
  });
  interceptor.apply();
  // Updates functions imported by name, as in `import { get } from "node:https"`.
  syncBuiltinESMExports();
  return () => {
    interceptor.dispose();
    syncBuiltinESMExports();
  };
}

async function forward(request: Request, target: string): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of CONNECTION_HEADERS) headers.delete(name);
  const body = await request.arrayBuffer();
  // Appended, not resolved: a path such as `//other.example/` would lead to another host.
  return fetch(target + pathname + search, {
    method: request.method,
    headers,
    redirect: "manual",
    ...(body.byteLength > 0 && { body }),
  });
}

function explain(cause: unknown): never {
  throw new Error(
    "discord.intercept() needs the package @mswjs/interceptors for calls by node:http and node:https: install it as a development dependency, or leave them out with { http: false }.",
    { cause },
  );
}
