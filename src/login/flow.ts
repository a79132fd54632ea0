import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { badInput, HttpException } from "../errors.js";
import { allowsPkce } from "../scopes.js";
import type { Seal } from "../seal.js";
import { isFromOwnSite } from "./manners.js";
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

/** Keeps each login in progress in an encrypted cookie of its own, so several tabs can log in at once. */
export class Flows {
  readonly #seal: Seal;
  readonly #cookies: OwnCookies;

  constructor(seal: Seal, cookies: OwnCookies) {
    this.#seal = seal;
    this.#cookies = cookies;
  }

  /**
   * Starts a login. If the cookies of all logins take too much space, the oldest are removed. Other sites must not
   * be able to end logins that way: unless the app's own page opened the login, `returnTo` is dropped first to save
   * space, and a login opened by another site gets no cookie if that is not enough.
   *
   * @returns the state, and the S256 code challenge if there is a verifier
   * @throws TypeError when `data` is too large for a cookie, or is not a JSON value
   */
  start(req: IncomingMessage, res: ServerResponse, wish: FlowWish) {
    const isOwn = isFromOwnSite(req);
    let flow = this.#create(req, wish);
    if (!isOwn && flow.displaces) flow = this.#create(req, { ...wish, returnTo: undefined });
    if (isOwn === false && flow.displaces) return flow;
    for (const { name } of flow.surplus) this.#cookies.remove(res, name);
    this.#cookies.set(res, flow.name, flow.sealed, LIFETIME_MS);
    return flow;
  }

  #create(req: IncomingMessage, wish: FlowWish) {
    const random = randomBytes(STATE_BYTES + VERIFIER_BYTES);
    const state = random.toString("base64url", 0, STATE_BYTES);
    const verifier = allowsPkce(wish.scopes) ? random.toString("base64url", STATE_BYTES) : undefined;
    const name = nameOf(state);
    const flow: Flow = { state, verifier, ...wish, expires: now() + LIFETIME_MS };
    const sealed = this.#seal.seal("flow", this.#cookies.nameOf(name), jsonOf(flow));
    const bytes = this.#cookies.header(name, sealed, LIFETIME_MS).length;
    if (bytes > MAX_COOKIE_BYTES) {
      throw badInput(
        "data_too_large",
        `data and returnTo are too large: the login's cookie would take ${bytes} bytes, and the limit is ${MAX_COOKIE_BYTES}. Keep large values in the session and pass a key.`,
      );
    }
    const surplus = this.#surplus(req, MAX_TOGETHER_BYTES - bytes);
    const displaces = surplus.some(({ expires }) => expires > now());
    return { state, challenge: verifier && digestOf(verifier), name, sealed, surplus, displaces };
  }

  /**
   * Returns the login with this state; `undefined` if the browser has no cookie of it.
   *
   * @throws HttpException flow_invalid, flow_expired
   */
  find(req: IncomingMessage, state: string): Flow | undefined {
    const name = nameOf(state);
    const sealed = this.#cookies.read(req, name);
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

  /** Removes the login with this state. */
  end(res: ServerResponse, state: string): void {
    this.#cookies.remove(res, nameOf(state));
  }

  /** Returns expired cookies, and the oldest ones that must go so that the rest fits into `bytes`. */
  #surplus(req: IncomingMessage, bytes: number) {
    const ours = this.#cookies.all(req).flatMap(([name, sealed]) => {
      const flow = this.#open(name, sealed);
      return flow
        ? [{ name, bytes: this.#cookies.nameOf(name).length + sealed.length, expires: flow.expires }]
        : [];
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
    const text = this.#seal.open("flow", this.#cookies.nameOf(name), sealed);
    return text === undefined ? undefined : (JSON.parse(text) as Flow);
  }
}

function nameOf(state: string): string {
  return digestOf(state).slice(0, HASH_CHARS_IN_NAME);
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
