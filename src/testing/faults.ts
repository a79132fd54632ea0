import { isApiPath } from "./edge-headers.js";
import type { RecordedRequest } from "./request-log.js";
import { parseRoutePattern } from "./route-pattern.js";
import type { RateLimitScope } from "./too-many-requests.js";

/** What goes wrong. Unless it says otherwise, the request has no effect at Discord. */
export type FaultKind =
  /** Another answer; an object as `body` is sent as JSON. Default body: what Discord says for the status. */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** An HTML page of the edge. Default status: 502. */
  | { readonly kind: "html"; readonly status?: number }
  /** Never an answer; the connection stays open. */
  | { readonly kind: "hang" }
  /** The usual answer, later: milliseconds of real time. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The connection is reset. */
  | { readonly kind: "reset" }
  /** The request takes effect, and the connection ends in the middle of the answer. */
  | { readonly kind: "truncated" }
  /** The usual answer, `chunkBytes` (default 1) every `everyMs` (default 100) milliseconds. */
  | { readonly kind: "slow-body"; readonly chunkBytes?: number; readonly everyMs?: number }
  /** The request takes effect, and the connection ends without an answer. */
  | { readonly kind: "swallowed" }
  /** 200, `application/json`, and half an object. */
  | { readonly kind: "invalid-json" }
  /** 200 and a JSON object of so many bytes. Default: 64 MiB. */
  | { readonly kind: "huge-body"; readonly bytes?: number }
  /** 429 as Discord sends it. `retryAfter` in seconds, default 1; default scope: "user". */
  | { readonly kind: "rate-limited"; readonly scope?: RateLimitScope; readonly retryAfter?: number }
  /** 429 as Cloudflare sends it, default as text. Without `retryAfter` (seconds) it names no time. */
  | { readonly kind: "cloudflare"; readonly form?: "text" | "html"; readonly retryAfter?: number }
  /** 403 with code 40333: blocked at the edge. */
  | { readonly kind: "blocked" };

/** Which requests a fault hits. */
export interface FaultTarget {
  /** Such as "POST /oauth2/token" or "/users/:id". Absent: every call of the API, but not the consent page. */
  readonly route?: string;
  /** How often. Default: once. */
  readonly times?: number;
  /** The probability, 0 to 1. Default: always. */
  readonly chance?: number;
  /** Where `chance` comes from. Default: Math.random. */
  readonly random?: () => number;
  /** A condition of the test's own. */
  readonly when?: (request: RecordedRequest) => boolean;
}

/** Something that goes wrong, and for which requests. */
export type Fault = FaultKind & FaultTarget;

interface PendingFault {
  readonly fault: Fault;
  readonly matches: (request: RecordedRequest) => boolean;
  timesLeft: number;
}

/** The faults a test has asked for; of several for one request the oldest hits. */
export class Faults {
  readonly #pending = new Set<PendingFault>();

  /** Returns what takes the fault away again. */
  add(fault: Fault): () => void {
    const matches = fault.route === undefined ? isApiCall : parseRoutePattern(fault.route);
    const pending = { fault, matches, timesLeft: fault.times ?? 1 };
    this.#pending.add(pending);
    return () => this.#pending.delete(pending);
  }

  clear(): void {
    this.#pending.clear();
  }

  /** The fault that hits this request, if any. */
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

function isApiCall({ method, path }: RecordedRequest): boolean {
  return isApiPath(path) && method !== "OPTIONS";
}

function hits({ fault, matches }: PendingFault, request: RecordedRequest): boolean {
  const { chance, random = Math.random, when } = fault;
  return matches(request) && (when?.(request) ?? true) && (chance === undefined || random() < chance);
}
