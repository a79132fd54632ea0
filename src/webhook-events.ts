import type { APIWebhookEventBody } from "discord-api-types/v10";
import type { Request, RequestHandler } from "express";
import { optionsChecker } from "./check-options.js";
import { now } from "./clock.js";
import { HttpException } from "./errors.js";
import { discordOf } from "./guards.js";
import { isObject } from "./models/model.js";
import { FUNCTION, PUBLIC_KEY } from "./option-kinds.js";
import { bodyTooLarge, readBody } from "./request-body.js";
import { oneLine } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

const MAX_BODY_BYTES = 1024 * 1024;
/** Discord retries for ten minutes; what is signed earlier than that is a replay. */
const OLDEST_MS = 15 * 60_000;

type EventOf<Body> = Body extends { type: infer Type extends string; data: infer Data }
  ? {
      /** Such as `APPLICATION_DEAUTHORIZED`. */
      readonly type: `${Type}`;
      /** ISO 8601 in UTC, with the `Z` that Discord leaves out. */
      readonly timestamp: string;
      /** As Discord documents it for the type; not validated. */
      readonly data: Data;
    }
  : never;

/**
 * One event, as Discord sends it; its `type` says what `data` is. Duplicates and any order are possible, and so are types that
 * are newer than this list.
 *
 * @see https://docs.discord.com/developers/events/webhook-events#event-types
 */
export type WebhookEvent = EventOf<APIWebhookEventBody>;

/** What {@link webhookEvents} is told. */
export interface WebhookEventsOptions {
  /** The application's public key, as the developer portal shows it: 64 hexadecimal characters. */
  readonly publicKey: string;
  /** Called after Discord has had its answer. What it throws becomes a process warning. */
  readonly onEvent?: ((event: WebhookEvent) => Promise<void> | void) | undefined;
}

const webhookEventsOptions = optionsChecker<WebhookEventsOptions>({
  of: "webhookEvents",
  example: "{ publicKey, onEvent }",
  kinds: {
    publicKey: PUBLIC_KEY,
    onEvent: FUNCTION,
  },
  required: ["publicKey"],
});

/**
 * Receives Discord's webhook events: `app.post("/events", webhookEvents({ publicKey }))`, before any body parser. Wrong
 * signatures are 401, as Discord tests from time to time. `APPLICATION_DEAUTHORIZED` signs the user out of this
 * process with their next request.
 *
 * @throws TypeError at once, for a public key that is none and for options that do not exist
 * @throws HttpException through `next`: `signature_invalid`, `body_parsed`, `body_aborted`, `body_too_large`, `init_missing`
 * @see https://docs.discord.com/developers/events/webhook-events
 */
export function webhookEvents(options: WebhookEventsOptions): RequestHandler {
  const { publicKey, onEvent } = webhookEventsOptions(options);

  async function receive(req: Request): Promise<WebhookEvent | undefined> {
    discordOf(req);
    const body = await rawBodyOf(req);
    await requireSignature(req, body, publicKey);
    return parseEvent(body);
  }

  async function handle(req: Request, event: WebhookEvent): Promise<void> {
    const userId = deauthorizedUserOf(event);
    const at = new Date(event.timestamp);
    if (userId !== undefined) discordOf(req).deauthorize(userId, Number.isNaN(at.getTime()) ? undefined : at);
    await onEvent?.(event);
  }

  return function webhookEvents(req, res, next) {
    receive(req)
      .then((event) => {
        // Something else may have answered meanwhile, such as a timeout of the app's own.
        if (!res.headersSent) res.status(204).type("application/json").end();
        if (event) handle(req, event).catch(warn);
      })
      .catch(next);
  };
}

async function requireSignature(req: Request, body: Uint8Array, publicKey: string): Promise<void> {
  const { verifyKey } = await import("discord-interactions");
  const signature = req.get("X-Signature-Ed25519") ?? "";
  const timestamp = req.get("X-Signature-Timestamp") ?? "";
  const isRecent = Math.abs(now() - Number(timestamp) * 1000) <= OLDEST_MS;
  if (isRecent && (await verifyKey(body, signature, timestamp, publicKey).catch(() => false))) return;
  throw new HttpException({
    message: "This request is not signed by Discord, or was so too long ago.",
    code: "signature_invalid",
    status: 401,
  });
}

/** The bytes that were signed. @throws HttpException when they do not come, or something has parsed them away */
async function rawBodyOf(req: Request): Promise<Uint8Array> {
  // Cloud Functions and NestJS parse every body, and keep the bytes under this name.
  const { rawBody = req.body } = req as Request & { readonly rawBody?: unknown };
  if (rawBody instanceof Uint8Array) {
    if (rawBody.length > MAX_BODY_BYTES) throw bodyTooLarge();
    return rawBody;
  }
  if (req.readableDidRead) {
    throw new HttpException({
      message:
        "The body of this event is parsed already: put webhookEvents() before express.json(), or keep the bytes in req.rawBody.",
      code: "body_parsed",
      status: 500,
    });
  }
  return readBody(req, MAX_BODY_BYTES);
}

/** @returns nothing for a PING */
function parseEvent(body: Uint8Array): WebhookEvent | undefined {
  try {
    const { type, event }: { type?: unknown; event?: unknown } = JSON.parse(Buffer.from(body).toString());
    if (type !== 1 || !isObject(event)) return undefined;
    const { type: name, timestamp, data } = event as Partial<WebhookEvent>;
    return { type: String(name), timestamp: inUtc(String(timestamp)), data } as WebhookEvent;
  } catch {
    return undefined;
  }
}

function deauthorizedUserOf({ type, data }: WebhookEvent): string | undefined {
  if (type !== "APPLICATION_DEAUTHORIZED") return undefined;
  // Nothing of it has been looked at.
  const id: unknown = (data as Partial<typeof data> | null)?.user?.id;
  return isSnowflake(id) ? id : undefined;
}

function warn(error: unknown): void {
  process.emitWarning(
    oneLine(`onEvent of webhookEvents failed: ${error instanceof Error ? error.message : String(error)}`),
    {
      code: "EXPRESS_DISCORD_ON_EVENT",
    },
  );
}

/** Discord leaves the offset out, and means UTC. */
function inUtc(timestamp: string): string {
  return /(?:z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? timestamp : `${timestamp}Z`;
}
