import type { Config } from "./config.js";
import type { ApiRequest, Rest } from "./rest.js";

/** Calls as the application's bot. */
export class BotCalls {
  readonly #rest: Rest;
  readonly #token: string;

  constructor(config: Config, rest: Rest) {
    this.#rest = rest;
    this.#token = config.botToken ?? "";
  }

  /** @throws HttpException, RateLimited, TypeError */
  send(route: string, request?: ApiRequest): Promise<unknown> {
    return this.#rest.send({ scheme: "Bot", token: this.#token, subject: "bot" }, route, request);
  }
}
