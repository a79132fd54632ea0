import type { Authorization } from "./authorizations.js";
import type { Behaviour } from "./behaviour.js";
import { boundedMap } from "./bounded-map.js";
import type { SimulatedClock } from "./clock.js";
import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import { randomText } from "./random-text.js";

const KEPT_CODES = 10_000;

/** The grant behind an authorization code. */
export interface CodeGrant {
  readonly authorization: Authorization;
  readonly scopes: readonly string[];
  /** The redirect URI in the authorization URL. */
  readonly redirectUri?: string | undefined;
  readonly codeChallenge?: string | undefined;
  /** The nonce for the id token. */
  readonly nonce?: string | undefined;
  /** The guild the bot was added to, and its permissions there. */
  readonly botPlace?: { readonly guild: SimulatedGuild; readonly permissions: bigint } | undefined;
  /** The guild and channel of the new webhook. */
  readonly webhookPlace?: { readonly guild: SimulatedGuild; readonly channel: SimulatedChannel } | undefined;
}

interface KeptCode {
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  used: boolean;
}

/** The authorization codes. Each works once, for a short time. */
export class AuthorizationCodes {
  readonly #codes = boundedMap<KeptCode>(KEPT_CODES);
  readonly #clock: SimulatedClock;
  readonly #behaviour: Behaviour;

  constructor(clock: SimulatedClock, behaviour: Behaviour) {
    this.#clock = clock;
    this.#behaviour = behaviour;
  }

  create(grant: CodeGrant): string {
    const code = randomText();
    const expiresAt = this.#clock.now() + this.#behaviour.codeSeconds * 1000;
    this.#codes.set(code, { grant, expiresAt, used: false });
    return code;
  }

  /** Returns the grant of a code that can be exchanged. */
  find(code: string): { readonly grant: CodeGrant; readonly used: boolean } | undefined {
    const found = this.#codes.get(code);
    if (found === undefined || found.grant.authorization.ended) return undefined;
    return found.expiresAt > this.#clock.now() ? found : undefined;
  }

  /** Marks a code as used. Keeps it if a second use ends the authorization. */
  use(code: string): void {
    const found = this.#codes.get(code);
    if (found === undefined || this.#behaviour.codeReuse === "refuse") this.#codes.delete(code);
    else found.used = true;
  }
}
