import type { Config } from "../config.js";
import { Bot } from "../models/bot.js";
import { parseAnswer } from "../rest/answer.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Rest } from "../rest/rest.js";
import { JoinRefusals } from "./join-refusals.js";
import { type RoleConnectionMetadata, requireMetadata } from "./role-connections.js";

/** Calls as the application's bot. */
export class BotCalls {
  readonly #rest: Rest;
  readonly #token: string;
  /** @internal */
  readonly joinRefusals = new JoinRefusals();
  readonly #metadataRoute: string;

  constructor(config: Config, rest: Rest) {
    this.#rest = rest;
    this.#token = config.botToken ?? "";
    this.#metadataRoute = `/applications/${config.clientId}/role-connections/metadata`;
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
    return parseAnswer({ method: "GET", route: "/users/@me" }, () => Bot.from(payload));
  }

  /** What linked roles of this application can be decided by. @throws as {@link send} */
  roleConnectionMetadata(): Promise<readonly RoleConnectionMetadata[]> {
    return this.send(this.#metadataRoute) as Promise<readonly RoleConnectionMetadata[]>;
  }

  /** Replaces it. @returns what is registered now @throws as {@link send}, and TypeError */
  async registerRoleConnectionMetadata(
    records: readonly RoleConnectionMetadata[],
  ): Promise<readonly RoleConnectionMetadata[]> {
    const request = { method: "PUT", json: requireMetadata(records) };
    return this.send(this.#metadataRoute, request) as Promise<readonly RoleConnectionMetadata[]>;
  }
}
