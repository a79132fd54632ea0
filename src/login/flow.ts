import { randomBytes } from "node:crypto";
import { parse } from "cookie";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { badInput, HttpException } from "../errors.js";
import { allowsPkce } from "../scopes.js";
import type { Seal } from "../seal.js";
import type { OwnCookies } from "./own-cookies.js";

const LIFETIME_MS = 600_000;
const MAX_COOKIE_BYTES = 3000;
const MAX_TOGETHER_BYTES = 6000;
const STATE_BYTES = 24;
const VERIFIER_BYTES = 32;
const HASH_CHARS_IN_NAME = 12;

/** The state of a login in progress, needed when the visitor returns from Discord. */
export interface Flow {
  readonly state: string;
  /** The PKCE code verifier (RFC 7636); absent if Discord does not accept PKCE with these scopes. */
  readonly verifier?: string | undefined;
  readonly scopes: readonly string[];
  readonly data?: unknown;
  readonly returnTo?: string | undefined;
  /** `false` if Discord should not ask again for scopes granted before. */
  readonly prompt?: false | undefined;
  /** The id of the app's own account to connect a Discord account to. */
  readonly connect?: string | undefined;
  /** The format of the app's session ids; absent for the default format. */
  readonly keyForm?: string | undefined;
  /** Epoch milliseconds. */
  readonly expires: number;
}

/** What the caller sets in a new {@link Flow}. */
export type FlowWish = Omit<Flow, "state" | "verifier" | "expires">;

/** A login that has just started. */
export interface StartedFlow {
  readonly state: string;
  /** The S256 code challenge, if there is a verifier. */
  readonly challenge: string | undefined;
  /** `Set-Cookie` headers: they set this login's cookie and remove older ones that no longer fit. */
  readonly setCookies: readonly string[];
}

/** Keeps each login in progress in an encrypted cookie of its own, so several tabs can log in at once. */
export class Flows {
  readonly #seal: Seal;
  readonly #ownCookies: OwnCookies;
  readonly #prefix: string;

  /** @param clientId separates the logins of several applications on one host */
  constructor(seal: Seal, ownCookies: OwnCookies, clientId: string) {
    this.#seal = seal;
    this.#ownCookies = ownCookies;
    this.#prefix = ownCookies.nameOf(`discord-${clientId}-`);
  }

  /**
   * Starts a login. If the cookies of all logins take too much space, the oldest are removed. Other sites must not
   * be able to end logins that way: unless the app's own page opened the login, `returnTo` is dropped first to save
   * space, and a login opened by another site gets no cookie if that is not enough.
   *
   * @param isOwn whether the app's own page opened the login; `undefined` if that is not known
   * @throws TypeError when `data` is too large for a cookie, or is not a JSON value
   */
  start(cookieHeader: string | undefined, wish: FlowWish, isOwn?: boolean): StartedFlow {
    const started = this.#start(cookieHeader, wish);
    if (isOwn || !started.displaces) return started;
    const short = this.#start(cookieHeader, { ...wish, returnTo: undefined });
    return isOwn === false && short.displaces ? { ...short, setCookies: [] } : short;
  }

  #start(cookieHeader: string | undefined, wish: FlowWish): StartedFlow & { readonly displaces: boolean } {
    const random = randomBytes(STATE_BYTES + VERIFIER_BYTES);
    const state = random.toString("base64url", 0, STATE_BYTES);
    const verifier = allowsPkce(wish.scopes) ? random.toString("base64url", STATE_BYTES) : undefined;
    const flow: Flow = { state, verifier, ...wish, expires: now() + LIFETIME_MS };

    const name = this.#cookieName(state);
    const sealed = this.#seal.seal("flow", name, jsonOf(flow));
    const cookie = this.#ownCookies.set(name, sealed, LIFETIME_MS / 1000);
    if (cookie.length > MAX_COOKIE_BYTES) {
      throw badInput(
        "data_too_large",
        `data and returnTo are too large: the login's cookie would take ${cookie.length} bytes, and the limit is ${MAX_COOKIE_BYTES}. Keep large values in the session and pass a key.`,
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

  /**
   * Returns the login with this state; `undefined` if the browser has no cookie of it.
   *
   * @throws HttpException flow_invalid, flow_expired
   */
  find(cookieHeader: string | undefined, state: string): Flow | undefined {
    const name = this.#cookieName(state);
    const sealed = this.#ownCookies.read(cookieHeader, name);
    if (sealed === undefined) return undefined;
    const flow = this.#open(name, sealed);
    if (flow?.state !== state) {
      throw new HttpException({
        message:
          "The cookie of this login was changed, or was encrypted with a secret this app no longer has. Start the login again.",
        code: "flow_invalid",
      });
    }
    if (flow.expires <= now()) {
      throw new HttpException({
        message: "This login was started more than ten minutes ago. Start it again.",
        code: "flow_expired",
      });
    }
    return flow;
  }

  /** Returns the `Set-Cookie` header that removes the login with this state. */
  end(state: string): string {
    return this.#ownCookies.remove(this.#cookieName(state));
  }

  #cookieName(state: string): string {
    return this.#prefix + digestOf(state).slice(0, HASH_CHARS_IN_NAME);
  }

  /** Returns expired cookies, and the oldest ones that must go so that the rest fits into `bytes`. */
  #surplus(cookieHeader: string | undefined, bytes: number): { name: string; expires: number }[] {
    if (!cookieHeader?.includes(this.#prefix)) return [];
    const ours = Object.entries(parse(cookieHeader)).flatMap(([name, sealed = ""]) => {
      const flow = name.startsWith(this.#prefix) ? this.#open(name, sealed) : undefined;
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

/** @param hint a likely cause in the app's setup, appended to the message */
export function unknownFlow(hint = ""): HttpException {
  return new HttpException({
    message: `This browser has no login in progress with this state. Start the login again and finish it in the same browser.${hint}`,
    code: "flow_unknown",
  });
}

function jsonOf(flow: Flow): string {
  // JSON.stringify would leave them out.
  if (["function", "symbol"].includes(typeof flow.data)) throw new TypeError("data must be a JSON value.");
  try {
    return JSON.stringify(flow);
  } catch (cause) {
    throw new TypeError("data must be a JSON value.", { cause });
  }
}
