import type { Config } from "../config.js";
import { Bot } from "../models/user.js";
import { parseAnswer } from "../rest/answer.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Credentials } from "../rest/call.js";
import type { Rest } from "../rest/rest.js";
import { type RoleConnectionMetadata, requireMetadata } from "./role-connections.js";

type BotCallExtras = Pick<Credentials, "alsoSecret" | "mostPaced">;

/** Calls as the application's bot. */
export class BotCalls {
  readonly #rest: Rest;
  readonly #token: string;
  readonly #metadataRoute: string;

  constructor(config: Config, rest: Rest) {
    this.#rest = rest;
    this.#token = config.botToken ?? "";
    this.#metadataRoute = `/applications/${config.clientId}/role-connections/metadata`;
  }

  /**
   * @param extras a further secret in the request, and how many calls of its kind may be sent in a second
   * @throws HttpException, RateLimited, TypeError
   */
  send(route: string, request?: ApiRequest, extras?: BotCallExtras): Promise<unknown> {
    const credentials = { ...extras, scheme: "Bot", token: this.#token, subject: "bot" } as const;
    return this.#rest.send(credentials, route, request);
  }

  /**
   * Sends a call, and parses its response.
   *
   * @throws HttpException `discord_unavailable` when `parse` throws; and like {@link send}
   */
  async fetch<T>(
    route: string,
    parse: (payload: unknown) => T,
    request: ApiRequest = {},
    extras?: BotCallExtras,
  ): Promise<T> {
    const payload = await this.send(route, request, extras);
    return parseAnswer({ method: request.method ?? "GET", route }, () => parse(payload));
  }

  /** Fetches the bot's own user. @throws HttpException, RateLimited */
  user(): Promise<Bot> {
    return this.fetch("/users/@me", (payload) => Bot.from(payload));
  }

  /** Fetches the role connection metadata: the values that linked roles can depend on. @throws like {@link send} */
  roleConnectionMetadata(): Promise<readonly RoleConnectionMetadata[]> {
    return this.send(this.#metadataRoute) as Promise<readonly RoleConnectionMetadata[]>;
  }

  /** Replaces the role connection metadata. @returns the registered records @throws TypeError, and like {@link send} */
  async registerRoleConnectionMetadata(
    records: readonly RoleConnectionMetadata[],
  ): Promise<readonly RoleConnectionMetadata[]> {
    const request = { method: "PUT", json: requireMetadata(records) };
    return this.send(this.#metadataRoute, request) as Promise<readonly RoleConnectionMetadata[]>;
  }
}
