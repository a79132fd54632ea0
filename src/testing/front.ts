import type { IncomingMessage } from "node:http";
import { type Answer, Refusal } from "./answer.js";
import { BAD_REQUEST, INVALID_VERSION, METHOD_NOT_ALLOWED, NOT_FOUND } from "./api-errors.js";
import type { Body } from "./body.js";
import type { Call, Caller } from "./call.js";
import type { Discord } from "./discord.js";
import { PREFLIGHT_ANSWER } from "./edge-headers.js";
import { type Credentials, OLDEST_VERSION, parseTarget, readCredentials, type Target } from "./incoming.js";
import type { RateLimits } from "./rate-limits.js";
import { type RecordedRequest, type RequestLog, toRecord } from "./request-log.js";
import { type Place, Router } from "./router.js";
import { activityRoutes } from "./routes/activities.js";
import { applicationRoutes } from "./routes/applications.js";
import { authorizeApiRoutes, authorizePageRoutes } from "./routes/authorize.js";
import { banRoutes } from "./routes/bans.js";
import { channelRoutes } from "./routes/channels.js";
import { formOf } from "./routes/client-authentication.js";
import { guildJoinRoutes } from "./routes/guild-join.js";
import { guildMemberRoutes } from "./routes/guild-members.js";
import { guildRoutes } from "./routes/guilds.js";
import { imageRoutes } from "./routes/images.js";
import { messageRoutes } from "./routes/messages.js";
import { metadataRoutes } from "./routes/metadata.js";
import { openIdRoutes } from "./routes/openid.js";
import { roleConnectionRoutes } from "./routes/role-connections.js";
import { startPageRoutes } from "./routes/start-page.js";
import { tokenRoutes } from "./routes/token.js";
import { userRoutes } from "./routes/users.js";
import { webhookRoutes } from "./routes/webhooks.js";

const NEWEST_VERSION = 10;

/** A parsed request and its handler. */
export interface Understood {
  readonly record: RecordedRequest;
  readonly version: number;
  answer(): Answer;
}

/** Parses requests and finds their routes. */
export class Front {
  readonly #discord: Discord;
  readonly #limits: RateLimits;
  readonly #site: Router;
  readonly #api: Router;

  constructor(discord: Discord, limits: RateLimits, log: RequestLog) {
    this.#discord = discord;
    this.#limits = limits;
    this.#site = new Router({
      ...startPageRoutes(discord, log),
      ...authorizePageRoutes(discord),
      ...activityRoutes(discord),
      ...imageRoutes(discord),
      ...metadataRoutes(discord),
    });
    this.#api = new Router({
      ...authorizeApiRoutes(discord),
      ...tokenRoutes(discord),
      ...userRoutes(discord),
      ...guildRoutes(discord),
      ...guildMemberRoutes(discord),
      ...guildJoinRoutes(discord),
      ...banRoutes(discord),
      ...channelRoutes(discord),
      ...messageRoutes(discord),
      ...webhookRoutes(discord),
      ...applicationRoutes(discord),
      ...roleConnectionRoutes(discord),
      ...openIdRoutes(discord),
    });
  }

  understand(request: IncomingMessage, body: Body, bodyBytes: number): Understood {
    const { method = "GET", headers } = request;
    const target = parseTarget(request.url ?? "/");
    const place = this.#findPlace(method, target);
    const credentials = readCredentials(headers.authorization);
    const call: Call = {
      method,
      ...target,
      route: place?.template ?? target.apiPath,
      ids: place?.ids ?? [],
      headers,
      body,
      bodyBytes,
      caller: this.#identify(credentials),
      address: request.socket.remoteAddress ?? "",
    };
    return {
      record: toRecord(call, credentials, this.#userIdOf(call), this.#discord.clock.now()),
      version: call.version,
      answer: () => this.#answer(call, place),
    };
  }

  #findPlace(method: string, { apiPath, isApi }: Target): Place | undefined {
    if (!isApi) return this.#site.find(method, apiPath);
    return this.#discord.customAnswers.find(method, apiPath, this.#api.find(method, apiPath));
  }

  #answer(call: Call, place: Place | undefined): Answer {
    const shutOut = call.isApi ? this.#limits.checkAddress(call.address) : undefined;
    if (shutOut !== undefined) return shutOut;
    if (call.isMalformed) return BAD_REQUEST;
    if (call.isApi && call.method === "OPTIONS") return PREFLIGHT_ANSWER;
    if (call.isApi && !isServed(call.version)) return INVALID_VERSION;
    if (place === undefined) return NOT_FOUND;
    if (place.handle === undefined) return METHOD_NOT_ALLOWED;
    if (!call.isApi) return answerOrRefuse(place.handle, call);
    const { headers, refusal } = this.#limits.check({ ...call, subject: subjectOf(call) });
    if (refusal !== undefined) return refusal;
    const answer = answerOrRefuse(place.handle, call);
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }

  #userIdOf(call: Call): string | undefined {
    if (call.caller.kind === "user") return call.caller.token.authorization.user.id;
    const { authorizations, codes } = this.#discord;
    const { code = "", refresh_token = "" } = formOf(this.#discord, call);
    const grant = authorizations.findRefreshToken(refresh_token) ?? codes.find(code)?.grant;
    return grant?.authorization.user.id;
  }

  #identify({ scheme, token }: Credentials): Caller {
    const { application, authorizations } = this.#discord;
    if (scheme === "Bot" && token === application.botToken) return { kind: "bot" };
    const found = scheme === "Bearer" ? authorizations.findAccessToken(token) : undefined;
    return found === undefined ? { kind: "nobody" } : { kind: "user", token: found };
  }
}

function isServed(version: number): boolean {
  return version >= OLDEST_VERSION && version <= NEWEST_VERSION;
}

function answerOrRefuse(handle: (call: Call) => Answer, call: Call): Answer {
  try {
    return handle(call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function subjectOf({ address, caller }: Call): string {
  if (caller.kind === "user") return caller.token.authorization.user.id;
  return caller.kind === "bot" ? "bot" : address;
}
