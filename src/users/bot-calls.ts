import type { Config } from "../config.js";
import { Bot } from "../models/bot.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Rest } from "../rest/rest.js";
import { JoinRefusals } from "./join-refusals.js";
import { readable } from "./readable.js";

/** Calls as the application's bot. */
export class BotCalls {
  readonly #rest: Rest;
  readonly #token: string;
  /** @internal */
  readonly joinRefusals = new JoinRefusals();

  constructor(config: Config, rest: Rest) {
    this.#rest = rest;
    this.#token = config.botToken ?? "";
  }

  /**
   * @param alsoSecret what must be in no error, besides the bot's token
   * @throws HttpException, RateLimited, TypeError
   */
  send(route: string, request?: ApiRequest, alsoSecret?: string): Promise<unknown> {
    const credentials = { scheme: "Bot", token: this.#token, subject: "bot", alsoSecret } as const;
    return this.#rest.send(credentials, route, request);
  }

  /** The bot's own user. @throws HttpException, RateLimited */
  async user(): Promise<Bot> {
    const payload = await this.send("/users/@me");
    return readable("GET", "/users/@me", () => Bot.from(payload));
  }
}
