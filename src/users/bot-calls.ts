import type { Config } from "../config.js";
import { Bot } from "../models/user.js";
import { parseAnswer } from "../rest/answer.js";
import type { ApiRequest } from "../rest/api-request.js";
import type { Credentials } from "../rest/call.js";
import type { Rest } from "../rest/rest.js";
import { type RoleConnectionMetadata, requireMetadata } from "./role-connections.js";

type BotCallExtras = Pick<Credentials, "alsoSecret" | "mostPaced">;

/** Calls as the application's bot. */
export type BotCalls = ReturnType<typeof createBotCalls>;

/** Creates {@link BotCalls}. Each of them may throw HttpException or RateLimited. */
export function createBotCalls({ clientId, botToken: token = "" }: Config, rest: Rest) {
  const metadataRoute = `/applications/${clientId}/role-connections/metadata`;

  /** @param extras a further secret in the request, and how many calls of its kind may be sent in a second */
  function send(route: string, request?: ApiRequest, extras?: BotCallExtras): Promise<unknown> {
    return rest.send({ ...extras, scheme: "Bot", token, subject: "bot" }, route, request);
  }

  /** Sends a call and parses its response. @throws HttpException `discord_unavailable` when `parse` throws */
  async function fetch<T>(
    route: string,
    parse: (payload: unknown) => T,
    request: ApiRequest = {},
    extras?: BotCallExtras,
  ): Promise<T> {
    const payload = await send(route, request, extras);
    return parseAnswer({ method: request.method ?? "GET", route }, () => parse(payload));
  }

  return {
    send,
    fetch,

    /** Fetches the bot's own user. */
    user: () => fetch("/users/@me", (payload) => Bot.from(payload)),

    /** Fetches the role connection metadata: the values that linked roles can depend on. */
    roleConnectionMetadata: () => send(metadataRoute) as Promise<readonly RoleConnectionMetadata[]>,

    /** Replaces the role connection metadata. @returns the registered records @throws TypeError */
    registerRoleConnectionMetadata(records: readonly RoleConnectionMetadata[]) {
      const request = { method: "PUT", json: requireMetadata(records) };
      return send(metadataRoute, request) as Promise<readonly RoleConnectionMetadata[]>;
    },
  };
}
