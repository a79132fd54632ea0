import type { DiscordSimulator, FaultKind } from "../../src/testing/index.js";
import type { Ledger } from "./ledger.js";
import type { Random } from "./random.js";

/** How long the workers wait for Discord. */
export const TIMEOUT_MS = 5000;

const DELAY_MS = TIMEOUT_MS / 4;
const SLOW_BYTE_MS = TIMEOUT_MS / 100;
const LARGEST_TOKEN_ANSWER = 200;

/** How long a fault keeps an answer of the token endpoint on its way, at most, in milliseconds. */
export const ON_ITS_WAY_MS: ReadonlyMap<string | undefined, number> = new Map([
  ["delay", DELAY_MS],
  ["slow-body", LARGEST_TOKEN_ANSWER * SLOW_BYTE_MS],
]);

/** A share of all calls goes wrong, each in its own way. */
export function spreadFaults(at: DiscordSimulator, from: Random, ledger: Ledger): void {
  const spread = (chance: number, fault: FaultKind, target: { readonly route?: string } = {}) => {
    const random = () => {
      const drawn = from.next();
      if (drawn < chance) ledger.count(ledger.faults, fault.kind);
      return drawn;
    };
    at.fail({ ...fault, ...target, chance, random, times: Number.POSITIVE_INFINITY });
  };
  spread(0.004, { kind: "status", status: 500 });
  spread(0.004, { kind: "html" });
  spread(0.004, { kind: "hang" });
  spread(0.004, { kind: "reset" });
  spread(0.004, { kind: "truncated" });
  spread(0.004, { kind: "slow-body", everyMs: SLOW_BYTE_MS });
  spread(0.004, { kind: "swallowed" });
  spread(0.004, { kind: "invalid-json" });
  spread(0.004, { kind: "delay", ms: DELAY_MS });
  spread(0.004, { kind: "rate-limited", retryAfter: 0.5 });
  spread(0.0005, { kind: "cloudflare", retryAfter: 1 });
  spread(0.05, { kind: "status", status: 503 }, { route: "POST /oauth2/token" });
}
