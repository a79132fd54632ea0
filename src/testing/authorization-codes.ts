import type { Authorization } from "./authorizations.js";
import type { Behaviour } from "./behaviour.js";
import { BoundedMap } from "./bounded-map.js";
import type { SimulatedClock } from "./clock.js";
import type { SimulatedChannel, SimulatedGuild } from "./guild.js";
import { randomText } from "./random-text.js";

const KEPT_CODES = 10_000;

/** What an authorization code stands for. */
export interface CodeGrant {
  readonly authorization: Authorization;
  readonly scopes: readonly string[];
  /** As the authorize URL gave it. */
  readonly redirectUri: string | undefined;
  readonly codeChallenge: string | undefined;
  /** For the id token. */
  readonly nonce: string | undefined;
  /** Where the bot was added. */
  readonly guild: SimulatedGuild | undefined;
  readonly botPermissions: bigint;
  /** Where the webhook was made. */
  readonly webhookPlace: { readonly guild: SimulatedGuild; readonly channel: SimulatedChannel } | undefined;
}

interface KeptCode {
  readonly grant: CodeGrant;
  readonly expiresAt: number;
  used: boolean;
}

/** The codes under way: each works once, and not for long. */
export class AuthorizationCodes {
  readonly #codes = new BoundedMap<string, KeptCode>(KEPT_CODES);
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

  /** What a code stands for, if it can be exchanged. */
  find(code: string): { readonly grant: CodeGrant; readonly used: boolean } | undefined {
    const found = this.#codes.get(code);
    if (found === undefined || found.grant.authorization.ended) return undefined;
    return found.expiresAt > this.#clock.now() ? found : undefined;
  }

  /** Notes that a code was exchanged; it is kept where a second use has consequences. */
  use(code: string): void {
    const found = this.#codes.get(code);
    if (found === undefined || this.#behaviour.codeReuse === "refuse") this.#codes.delete(code);
    else found.used = true;
  }
}
