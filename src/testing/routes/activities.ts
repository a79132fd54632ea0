import { replyTo } from "../activity-messages.js";
import { activityPage } from "../activity-page.js";
import { publicUrlOf } from "../addresses.js";
import { type Answer, json, refuse } from "../answer.js";
import { type AuthorizeRequest, readAuthorizeRequest } from "../authorize-request.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { html } from "../html.js";
import type { ActivityFrame } from "../open-activity.js";
import { errorPage, page } from "../page.js";
import type { Routes } from "../router.js";
import { ask, decide } from "./authorize.js";

/** Routes of the simulated client for Activities. */
export function activityRoutes(discord: Discord): Routes {
  return {
    "GET /activities/:frame": (call) => activityPage(discord.application, frameOf(discord, call)),
    "POST /activities/:frame/messages": (call) => json(200, replyToMessage(discord, call)),
    "GET /activities/:frame/authorize": (call) => ask(discord, call, readRequest(discord, call)),
    "POST /activities/:frame/authorize": (call) => decide(discord, call, readRequest(discord, call)),
    "GET /activities/:frame/authorized": showEnd,
  };
}

function frameOf({ activityFrames }: Discord, { ids }: Call): ActivityFrame {
  const [frame] = ids;
  return (
    activityFrames.get(frame?.value ?? "") ??
    refuse(errorPage("This Activity is not open. Open it with openActivity() of the simulator."))
  );
}

function replyToMessage(discord: Discord, call: Call): object {
  const { value } = call.body.kind === "json" ? call.body : { value: undefined };
  const { message, consented } = (value ?? {}) as {
    readonly message?: unknown;
    readonly consented?: unknown;
  };
  const query = typeof consented === "string" ? consented : undefined;
  return replyTo(discord, frameOf(discord, call), message, query);
}

/** The code is for the SDK, which uses no redirect URI, so the code exchange has none either. */
function readRequest(discord: Discord, call: Call): AuthorizeRequest {
  const { id } = frameOf(discord, call);
  return {
    ...readAuthorizeRequest(discord, call),
    action: call.path + call.search,
    isInActivity: true,
    redirectUri: `${publicUrlOf(discord)}/activities/${id}/authorized`,
    givenRedirectUri: undefined,
  };
}

/** The page after the consent page. The client's page reads its URL. */
function showEnd(): Answer {
  return page(200, "Authorized", html`<h1>Authorized</h1>`, { policy: { "frame-ancestors": "'self'" } });
}
