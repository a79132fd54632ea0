import type { IncomingMessage } from "node:http";
import { type Answer, Refusal } from "./answer.js";
import { INVALID_VERSION, METHOD_NOT_ALLOWED, NOT_FOUND } from "./api-errors.js";
import type { Call, Caller } from "./call.js";
import type { Discord } from "./discord.js";
import { type Credentials, OLDEST_VERSION, parseBody, parseTarget, readCredentials } from "./incoming.js";
import type { RateLimits } from "./rate-limits.js";
import { type RecordedRequest, toRecord } from "./request-log.js";
import { type Place, Router } from "./router.js";
import { applicationRoutes } from "./routes/applications.js";
import { authorizeApiRoutes, authorizePageRoutes } from "./routes/authorize.js";
import { guildMemberRoutes } from "./routes/guild-members.js";
import { guildRoleRoutes } from "./routes/guild-roles.js";
import { messageRoutes } from "./routes/messages.js";
import { metadataRoutes } from "./routes/metadata.js";
import { openIdConfigurationRoutes, openIdRoutes } from "./routes/openid.js";
import { roleConnectionRoutes } from "./routes/role-connections.js";
import { tokenRoutes } from "./routes/token.js";
import { userRoutes } from "./routes/users.js";

const NEWEST_VERSION = 10;

/** A request that was understood, and how to let it take effect. */
export interface Understood {
  readonly record: RecordedRequest;
  readonly version: number;
  answer(): Answer;
}

/** Understands requests and leads them to their routes. */
export class Front {
  readonly #discord: Discord;
  readonly #limits: RateLimits;
  readonly #site: Router;
  readonly #api: Router;

  constructor(discord: Discord, limits: RateLimits) {
    this.#discord = discord;
    this.#limits = limits;
    this.#site = new Router({
      ...authorizePageRoutes(discord),
      ...metadataRoutes(discord),
      ...openIdConfigurationRoutes(discord),
    });
    this.#api = new Router({
      ...authorizeApiRoutes(discord),
      ...tokenRoutes(discord),
      ...userRoutes(discord),
      ...guildMemberRoutes(discord),
      ...guildRoleRoutes(discord),
      ...messageRoutes(discord),
      ...applicationRoutes(discord),
      ...roleConnectionRoutes(discord),
      ...openIdRoutes(discord),
    });
  }

  understand(request: IncomingMessage, bytes: Buffer): Understood {
    const { method = "GET", headers } = request;
    const target = parseTarget(request.url ?? "/");
    const place = (target.isApi ? this.#api : this.#site).find(method, target.apiPath);
    const credentials = readCredentials(headers.authorization);
    const call: Call = {
      method,
      ...target,
      route: place?.template ?? target.apiPath,
      ids: place?.ids ?? [],
      headers,
      body: parseBody(headers["content-type"], bytes),
      bodyBytes: bytes.length,
      caller: this.#identify(credentials),
      address: request.socket.remoteAddress ?? "",
    };
    return {
      record: toRecord(call, credentials, this.#userIdOf(call), this.#discord.clock.now()),
      version: call.version,
      answer: () => this.#answer(call, place),
    };
  }

  #answer(call: Call, place: Place | undefined): Answer {
    const shutOut = this.#limits.checkAddress(call.address);
    if (shutOut !== undefined) return shutOut;
    if (call.isApi && !isServed(call.version)) return INVALID_VERSION;
    if (place === undefined) return NOT_FOUND;
    if (place.handle === undefined) return METHOD_NOT_ALLOWED;
    if (!call.isApi) return answerOrRefuse(place.handle, call);
    const { headers, refusal } = this.#limits.check({ ...call, subject: subjectOf(call) });
    if (refusal !== undefined) return refusal;
    const answer = answerOrRefuse(place.handle, call);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  #userIdOf({ body, caller }: Call): string | undefined {
    if (caller.kind === "user") return caller.token.authorization.user.id;
    if (body.kind !== "form") return undefined;
    const { authorizations, codes } = this.#discord;
    const { code = "", refresh_token = "" } = body.fields;
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
