import type { DiscordSimulator, RecordedRequest } from "../../src/testing/index.js";
import type { Ledger } from "./ledger.js";
import type { TokenRequest } from "./losses.js";
import { WORKER_HEADER } from "./worker-header.js";

/** The refreshes Discord was asked for in each user's present sign-in: the simulator's log may have forgotten them. */
export class TokenRequests {
  readonly #byUser = new Map<string, RecordedRequest[]>();
  readonly #ledger: Ledger;
  readonly #userOfToken = new Map<string, string>();

  constructor(simulator: DiscordSimulator, ledger: Ledger) {
    this.#ledger = ledger;
    // A fault that hits nothing sees every request.
    simulator.fail({
      kind: "hang",
      route: "POST /oauth2/token",
      times: Number.POSITIVE_INFINITY,
      when: (request) => {
        this.#note(request);
        return false;
      },
    });
  }

  /** Oldest first, also those with a token that Discord had taken before. */
  of(userId: string): TokenRequest[] {
    const requests = this.#byUser.get(userId) ?? [];
    return requests.map(({ at, cutShort, durationMs, fault, headers, status, userId: owner }) => ({
      at,
      cutShort,
      durationMs,
      fault,
      status,
      worker: String(headers[WORKER_HEADER]),
      wasTokenValid: owner !== undefined,
    }));
  }

  /** Begins anew for a user who has signed in. */
  forget(userId: string): void {
    for (const request of this.#byUser.get(userId) ?? []) this.#userOfToken.delete(tokenOf(request));
    this.#byUser.delete(userId);
  }

  #note(request: RecordedRequest): void {
    const token = tokenOf(request);
    if (token === "") return;
    if (request.headers[WORKER_HEADER] === undefined) this.#ledger.anonymousRequests += 1;
    const userId = request.userId ?? this.#userOfToken.get(token);
    if (userId === undefined) return;
    this.#userOfToken.set(token, userId);
    const requests = this.#byUser.get(userId) ?? [];
    requests.push(request);
    this.#byUser.set(userId, requests);
  }
}

function tokenOf({ form }: RecordedRequest): string {
  return form?.["refresh_token"] ?? "";
}
