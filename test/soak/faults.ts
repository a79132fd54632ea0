import type { DiscordSimulator, FaultKind } from "../../src/testing/index.js";
import type { Ledger } from "./ledger.js";
import type { Random } from "./random.js";

/** How long the workers wait for Discord. */
export const TIMEOUT_MS = 5000;

/** Makes a share of all calls go wrong, in different ways. */
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
  spread(0.004, { kind: "slow-body", everyMs: TIMEOUT_MS / 100 });
  spread(0.004, { kind: "swallowed" });
  spread(0.004, { kind: "invalid-json" });
  spread(0.004, { kind: "delay", ms: TIMEOUT_MS / 4 });
  spread(0.004, { kind: "rate-limited", retryAfter: 0.5 });
  spread(0.0005, { kind: "cloudflare", retryAfter: 1 });
  spread(0.05, { kind: "status", status: 503 }, { route: "POST /oauth2/token" });
}
