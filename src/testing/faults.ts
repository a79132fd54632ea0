import { requireStatus } from "./answer.js";
import { isApiPath } from "./edge-headers.js";
import type { RecordedRequest } from "./request-log.js";
import { requireFrom } from "./require-from.js";
import { parseRoutePattern } from "./route-pattern.js";
import type { RateLimitScope } from "./too-many-requests.js";

/** A fault. Unless noted otherwise, the request has no effect at Discord. */
export type FaultKind =
  /** Another response. An object as `body` is sent as JSON. Default `body`: Discord's text for the status. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** An HTML page of Cloudflare. Default status: 502. */
  | { readonly kind: "html"; readonly status?: number }
  /** No response; the connection stays open. */
  | { readonly kind: "hang" }
  /** The normal response, delayed by this many milliseconds of real time. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The connection is reset. */
  | { readonly kind: "reset" }
  /** The request takes effect, and the connection ends in the middle of the response. */
  | { readonly kind: "truncated" }
  /** The normal response, sent as `chunkBytes` (default: 1) every `everyMs` (default: 100) milliseconds. */
  | { readonly kind: "slow-body"; readonly chunkBytes?: number; readonly everyMs?: number }
  /** The request takes effect, and the connection ends without a response. */
  | { readonly kind: "swallowed" }
  /** Status 200 with truncated JSON. */
  | { readonly kind: "invalid-json" }
  /** Status 200 with a JSON object of this many bytes. Default: 64 MiB. */
  | { readonly kind: "huge-body"; readonly bytes?: number }
  /** Discord's 429. `retryAfter` is in seconds, default: 1. Default `scope`: "user". */
  | { readonly kind: "rate-limited"; readonly scope?: RateLimitScope; readonly retryAfter?: number }
  /** Cloudflare's 429, by default as text. Without `retryAfter` (in seconds) it has no retry time. */
  | { readonly kind: "cloudflare"; readonly form?: "text" | "html"; readonly retryAfter?: number }
  /** Cloudflare's 403 with code 40333. */
  | { readonly kind: "blocked" };

/** Selects the requests that get a fault. */
export interface FaultTarget {
  /** The route, such as "POST /oauth2/token" or "/users/:id". Default: every API route, but not the consent page. */
  readonly route?: string;
  /** The number of requests that get the fault. Default: 1. */
  readonly times?: number;
  /** The probability, 0 to 1. Default: always. */
  readonly chance?: number;
  /** The random numbers for `chance`. Default: Math.random. */
  readonly random?: () => number;
  /** A further condition. */
  readonly when?: (request: RecordedRequest) => boolean;
}

/** A fault and the requests that get it. */
export type Fault = FaultKind & FaultTarget;

/** Node's timers fire at once for a longer time. */
const LONGEST_TIMER_MS = 2_147_483_647;

const KINDS: Readonly<Record<FaultKind["kind"], true>> = {
  status: true,
  html: true,
  hang: true,
  delay: true,
  reset: true,
  truncated: true,
  "slow-body": true,
  swallowed: true,
  "invalid-json": true,
  "huge-body": true,
  "rate-limited": true,
  cloudflare: true,
  blocked: true,
};

interface PendingFault {
  readonly fault: Fault;
  readonly matches: (request: RecordedRequest) => boolean;
  timesLeft: number;
}

/** The injected faults. If several match a request, the oldest one is used. */
export class Faults {
  readonly #pending = new Set<PendingFault>();

  /** Adds a fault. @returns a function that removes it @throws TypeError for an unknown kind and impossible values */
  add(fault: Fault): () => void {
    requireValid(fault);
    const matches = fault.route === undefined ? isApiCall : parseRoutePattern(fault.route);
    const pending = { fault, matches, timesLeft: fault.times ?? 1 };
    if (pending.timesLeft > 0) this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  clear(): void {
    this.#pending.clear();
  }

  /** Returns the fault for this request, if any. */
  take(request: RecordedRequest): FaultKind | undefined {
    for (const pending of this.#pending) {
      if (!hits(pending, request)) continue;
      pending.timesLeft -= 1;
      if (pending.timesLeft <= 0) this.#pending.delete(pending);
      return pending.fault;
    }
    return undefined;
  }
}

function requireValid(fault: Fault): void {
  const { kind, times = 1, chance = 1 } = fault;
  requireFrom("times", times, 0);
  if (!Object.hasOwn(KINDS, kind)) {
    throw new TypeError(
      `There is no fault of the kind "${kind}". There are ${Object.keys(KINDS).join(", ")}.`,
    );
  }
  requireFrom("chance", chance, 0, 1);
  if (kind === "status" || kind === "html")
    requireStatus(kind === "html" ? (fault.status ?? 502) : fault.status);
  if (kind === "delay") requireFrom("ms", fault.ms, 0, LONGEST_TIMER_MS);
  if (kind === "slow-body") {
    requireFrom("chunkBytes", fault.chunkBytes ?? 1, 1);
    requireFrom("everyMs", fault.everyMs ?? 0, 0, LONGEST_TIMER_MS);
  }
  if (kind === "huge-body") requireFrom("bytes", fault.bytes ?? 0, 0);
  if (kind === "rate-limited" || kind === "cloudflare") requireFrom("retryAfter", fault.retryAfter ?? 0, 0);
  if (kind === "rate-limited") requireOneOf("scope", fault.scope, ["user", "global", "shared"]);
  if (kind === "cloudflare") requireOneOf("form", fault.form, ["text", "html"]);
}

function requireOneOf<Text>(name: string, value: Text | undefined, all: readonly Text[]): void {
  if (value === undefined || all.includes(value)) return;
  throw new TypeError(`${name} must be one of ${all.join(", ")}, not "${value}".`);
}

function isApiCall({ method, path }: RecordedRequest): boolean {
  return isApiPath(path) && method !== "OPTIONS";
}

function hits({ fault, matches }: PendingFault, request: RecordedRequest): boolean {
  const { chance, random = Math.random, when } = fault;
  return matches(request) && (when?.(request) ?? true) && (chance === undefined || random() < chance);
}
