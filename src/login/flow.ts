import { randomBytes } from "node:crypto";
import { parse } from "cookie";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { badInput, HttpException } from "../errors.js";
import type { Seal } from "../seal.js";
import type { OwnCookies } from "./own-cookies.js";

const LIFETIME_MS = 600_000;
const MAX_COOKIE_BYTES = 3000;
const MAX_TOGETHER_BYTES = 6000;
const STATE_BYTES = 24;
const VERIFIER_BYTES = 32;
const HASH_CHARS_IN_NAME = 12;
const HASH_IN_NAME = /^[\w-]{12}$/;

/** A login under way: what has to be known again when the visitor comes back from Discord. */
export interface Flow {
  readonly state: string;
  /** The PKCE code verifier (RFC 7636); absent where Discord refuses PKCE. */
  readonly verifier?: string | undefined;
  readonly scopes: readonly string[];
  readonly data?: unknown;
  readonly returnTo?: string | undefined;
  /** Present where Discord is not to ask again what was granted before. */
  readonly prompt?: false | undefined;
  /** The account in the app's own records that a Discord account is to be connected with. */
  readonly connect?: string | undefined;
  /** The form of the app's session ids, where it is not the default. */
  readonly keyForm?: string | undefined;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** What a login is to remember. */
export type FlowWish = Omit<Flow, "state" | "verifier" | "expires"> & { readonly pkce: boolean };

/** Who opened the address of a login. */
export type Opener = "own page" | "other site" | "unknown";

/** A login that has just begun. */
export interface StartedFlow {
  readonly state: string;
  /** The S256 code challenge, when there is a verifier. */
  readonly challenge: string | undefined;
  /** `Set-Cookie` headers: this flow's, and the removal of those that no longer fit. */
  readonly setCookies: readonly string[];
}

/** Keeps each login under way in a sealed cookie of its own, so that any number of tabs can log in side by side. */
export class Flows {
  readonly #seal: Seal;
  readonly #ownCookies: OwnCookies;
  readonly #prefix: string;

  /** @param clientId so that two applications on one host leave each other's logins alone */
  constructor(seal: Seal, ownCookies: OwnCookies, clientId: string) {
    this.#seal = seal;
    this.#ownCookies = ownCookies;
    this.#prefix = ownCookies.nameOf(`discord-${clientId}-`);
  }

  /**
   * Where the cookies together would take too much room, the oldest logins give way. Only the app's own pages can do that
   * for certain: for a login that may have been opened by another site `returnTo` gives way first, and one that certainly
   * was gets no cookie rather than end another one.
   *
   * @throws TypeError when `data` is too large for a cookie or cannot be written as JSON
   */
  start(cookieHeader: string | undefined, wish: FlowWish, opener: Opener = "own page"): StartedFlow {
    const started = this.#start(cookieHeader, wish);
    if (opener === "own page" || !started.displaces) return started;
    const short = this.#start(cookieHeader, { ...wish, returnTo: undefined });
    return opener === "other site" && short.displaces ? { ...short, setCookies: [] } : short;
  }

  #start(cookieHeader: string | undefined, wish: FlowWish): StartedFlow & { readonly displaces: boolean } {
    const random = randomBytes(STATE_BYTES + VERIFIER_BYTES);
    const state = random.toString("base64url", 0, STATE_BYTES);
    const verifier = wish.pkce ? random.toString("base64url", STATE_BYTES) : undefined;
    const { pkce: _, ...wanted } = wish;
    const flow: Flow = { state, verifier, ...wanted, expires: now() + LIFETIME_MS };

    const name = this.#cookieName(digestOf(state));
    const sealed = this.#seal.seal("flow", name, jsonOf(flow));
    const cookie = this.#ownCookies.set(name, sealed, LIFETIME_MS / 1000);
    if (cookie.length > MAX_COOKIE_BYTES) {
      throw badInput(
        "data_too_large",
        `data and returnTo are too large for a login: their cookie takes ${cookie.length} bytes of at most ${MAX_COOKIE_BYTES}. Keep large things in the session and pass a key.`,
      );
    }
    const surplus = this.#surplus(cookieHeader, MAX_TOGETHER_BYTES - cookie.length);
    return {
      state,
      challenge: verifier && digestOf(verifier),
      setCookies: [...surplus.map(({ name: old }) => this.#ownCookies.remove(old)), cookie],
      displaces: surplus.some((old) => old.expires > now()),
    };
  }

  /** @throws HttpException flow_unknown, flow_invalid, flow_expired */
  find(cookieHeader: string | undefined, state: string): Flow {
    const name = this.#cookieName(digestOf(state));
    const sealed = cookieHeader?.includes(name) ? parse(cookieHeader)[name] : undefined;
    if (sealed === undefined) throw unknownFlow();
    const flow = this.#open(name, sealed);
    if (flow?.state !== state) {
      throw new HttpException({
        message:
          "The cookie of this login was changed, or sealed with a secret that is no longer known. Start the login again.",
        code: "flow_invalid",
        status: 400,
      });
    }
    if (flow.expires <= now()) {
      throw new HttpException({
        message: "This login was started more than ten minutes ago. Start it again.",
        code: "flow_expired",
        status: 400,
      });
    }
    return flow;
  }

  /** The `Set-Cookie` header that ends the flow with this state. */
  end(state: string): string {
    return this.#ownCookies.remove(this.#cookieName(digestOf(state)));
  }

  #cookieName(stateHash: string): string {
    return this.#prefix + stateHash.slice(0, HASH_CHARS_IN_NAME);
  }

  #cookies(header: string | undefined): Map<string, string> {
    const found = new Map<string, string>();
    if (!header?.includes(this.#prefix)) return found;
    for (const [name, value] of Object.entries(parse(header))) {
      if (value !== undefined && this.#isOurs(name)) found.set(name, value);
    }
    return found;
  }

  #isOurs(name: string): boolean {
    return name.startsWith(this.#prefix) && HASH_IN_NAME.test(name.slice(this.#prefix.length));
  }

  /** The oldest cookies that are certainly ours, so that the rest takes `bytes` at most. */
  #surplus(cookieHeader: string | undefined, bytes: number): { name: string; expires: number }[] {
    const ours = [...this.#cookies(cookieHeader)].flatMap(([name, sealed]) => {
      const flow = this.#open(name, sealed);
      return flow ? [{ name, bytes: name.length + sealed.length, expires: flow.expires }] : [];
    });
    let room = bytes;
    return ours
      .toSorted((a, b) => b.expires - a.expires)
      .filter((cookie) => {
        room -= cookie.bytes;
        return room < 0 || cookie.expires <= now();
      });
  }

  #open(name: string, sealed: string): Flow | undefined {
    const text = this.#seal.open("flow", name, sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Flow);
  }
}

/** Whether an error says that no login with this state is under way in the browser. */
export function isFlowUnknown(error: unknown): boolean {
  return error instanceof HttpException && error.code === "flow_unknown";
}

/** @param hint what is known about a set-up that would cause it */
export function unknownFlow(hint = ""): HttpException {
  return new HttpException({
    message: `No login with this state is under way in this browser. Start the login again, and let it end in the same browser.${hint}`,
    code: "flow_unknown",
    status: 400,
  });
}

function jsonOf(flow: Flow): string {
  try {
    return JSON.stringify(flow);
  } catch (cause) {
    throw new TypeError("data must be something that JSON can write.", { cause });
  }
}
