import type { IncomingMessage } from "node:http";
import { type Answer, Refusal } from "./answer.js";
import { INVALID_VERSION, METHOD_NOT_ALLOWED, NOT_FOUND } from "./api-errors.js";
import type { Call, Caller } from "./call.js";
import type { Discord } from "./discord.js";
import { OLDEST_VERSION, parseBody, parseTarget, type Target } from "./incoming.js";
import type { RateLimits } from "./rate-limits.js";
import type { RecordedRequest } from "./request-log.js";
import { type Place, Router } from "./router.js";
import { applicationRoutes } from "./routes/applications.js";
import { authorizeApiRoutes, authorizePageRoutes } from "./routes/authorize.js";
import { guildMemberRoutes } from "./routes/guild-members.js";
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
    const body = parseBody(headers["content-type"], bytes);
    const [, scheme, token] = /^(Bearer|Bot|Basic) (.*)$/.exec(headers.authorization ?? "") ?? [];
    const caller = this.#identify(scheme, token);
    const call: Call = { method, ...target, headers, body, caller, ids: place?.ids ?? [] };
    const record: RecordedRequest = {
      method,
      path: target.path,
      apiPath: target.apiPath,
      route: place?.template ?? target.apiPath,
      query: target.query,
      headers,
      authorization: scheme as RecordedRequest["authorization"],
      token: scheme === "Basic" ? undefined : token,
      userId: caller.kind === "user" ? caller.token.authorization.user.id : undefined,
      form: body.kind === "form" ? body.fields : undefined,
      json: body.kind === "json" ? body.value : undefined,
      at: this.#discord.clock.now(),
      status: undefined,
      refused: false,
      fault: undefined,
    };
    const address = request.socket.remoteAddress ?? "";
    return {
      record,
      version: target.version,
      answer: () => this.#answer(target, place, call, record.route, address),
    };
  }

  #answer(target: Target, place: Place | undefined, call: Call, route: string, address: string): Answer {
    const shutOut = this.#limits.checkAddress(address);
    if (shutOut !== undefined) return shutOut;
    if (target.isApi && (call.version < OLDEST_VERSION || call.version > NEWEST_VERSION))
      return INVALID_VERSION;
    if (place === undefined) return NOT_FOUND;
    if (place.handle === undefined) return METHOD_NOT_ALLOWED;
    if (!target.isApi) return answerOrRefuse(place.handle, call);
    const subject = subjectOf(call.caller, address);
    const limited = {
      method: call.method,
      apiPath: target.apiPath,
      route,
      version: call.version,
      ids: call.ids,
      subject,
    };
    const { headers, refusal } = this.#limits.check(limited);
    if (refusal !== undefined) return refusal;
    const answer = answerOrRefuse(place.handle, call);
    return { ...answer, headers: { ...answer.headers, ...headers } };
  }

  #identify(scheme: string | undefined, token = ""): Caller {
    const { application, authorizations } = this.#discord;
    if (scheme === "Bot" && token === application.botToken) return { kind: "bot" };
    const found = scheme === "Bearer" ? authorizations.findAccessToken(token) : undefined;
    return found === undefined ? { kind: "nobody" } : { kind: "user", token: found };
  }
}

function answerOrRefuse(handle: (call: Call) => Answer, call: Call): Answer {
  try {
    return handle(call);
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    throw error;
  }
}

function subjectOf(caller: Caller, address: string): string {
  if (caller.kind === "user") return caller.token.authorization.user.id;
  return caller.kind === "bot" ? "bot" : address;
}
