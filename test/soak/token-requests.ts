import type { DiscordSimulator, RecordedRequest } from "../../src/testing/index.js";
import type { Ledger } from "./ledger.js";
import type { TokenRequest } from "./losses.js";
import { WORKER_HEADER } from "./worker-header.js";

/** The refreshes of each user's current sign-in. The simulator's log may have forgotten them. */
export class TokenRequests {
  readonly #byUser = new Map<string, RecordedRequest[]>();
  readonly #ledger: Ledger;
  readonly #userOfToken = new Map<string, string>();

  constructor(simulator: DiscordSimulator, ledger: Ledger) {
    this.#ledger = ledger;
    // A fault that matches nothing still sees every request.
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

  /** Oldest first, including those with a token that Discord had already seen. */
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

  /** Starts again for a user who has signed in. */
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
