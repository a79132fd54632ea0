import type { APIWebhookEventBody } from "discord-api-types/v10";
import type { NextFunction, Request, Response } from "express";
import { isRecord, optionsChecker } from "./check-options.js";
import { now } from "./clock.js";
import { HttpException } from "./errors.js";
import { discordOf } from "./guards.js";
import { FUNCTION, PUBLIC_KEY } from "./option-kinds.js";
import { bodyTooLarge, parseJson, readBody } from "./request-body.js";
import { oneLine, shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

const MAX_BODY_BYTES = 1024 * 1024;
/** Discord retries for ten minutes. Events signed long before that are replays. */
const OLDEST_MS = 15 * 60_000;

type EventOf<Body> = Body extends { type: infer Type extends string; data: infer Data }
  ? {
      /** The type, such as `APPLICATION_DEAUTHORIZED`. */
      readonly type: `${Type}`;
      /** ISO 8601 in UTC, with the `Z` that Discord omits. */
      readonly timestamp: string;
      /** The data, as Discord documents it for the type. It is not validated. */
      readonly data: Data;
    }
  : never;

/**
 * An event from Discord. Its `type` determines the type of `data`. Events may arrive twice and in any order, and
 * may have types newer than this list.
 *
 * @see https://docs.discord.com/developers/events/webhook-events#event-types
 */
export type WebhookEvent = EventOf<APIWebhookEventBody>;

/** Options of {@link webhookEvents}. */
export interface WebhookEventsOptions {
  /** The application's public key from the developer portal: 64 hexadecimal characters. */
  readonly publicKey: string;
  /** Called with each event, after the response to Discord was sent. If it throws, a process warning is emitted. */
  readonly onEvent?: ((event: WebhookEvent) => Promise<void> | void) | undefined;
}

const webhookEventsOptions = optionsChecker<WebhookEventsOptions>({
  of: "webhookEvents",
  makesMiddleware: true,
  example: "{ publicKey, onEvent }",
  kinds: {
    publicKey: PUBLIC_KEY,
    onEvent: FUNCTION,
  },
  required: ["publicKey"],
});

/**
 * Creates a handler of Discord's webhook events: `app.post("/events", webhookEvents({ publicKey }))`, before any
 * body parser. Events with a wrong signature are answered with 401, which Discord tests regularly.
 * `APPLICATION_DEAUTHORIZED` signs the user out of this process at their next request.
 *
 * @throws TypeError immediately, for an invalid public key and unknown options
 * @throws HttpException through `next`: `signature_invalid`, `body_parsed`, `body_aborted`, `body_too_large`,
 * `init_missing`
 * @see https://docs.discord.com/developers/events/webhook-events
 */
export function webhookEvents(options: WebhookEventsOptions) {
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

  return function webhookEvents(req: Request, res: Response, next: NextFunction): void {
    receive(req)
      .then((event) => {
        // Another middleware, such as the app's own timeout, may have answered already.
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
  if (isRecent && (await verifyKey(body, signature, timestamp, publicKey))) return;
  throw new HttpException({
    message: "The signature is not Discord's, or is older than 15 minutes.",
    code: "signature_invalid",
  });
}

/** Returns the signed bytes. @throws HttpException body_parsed, body_too_large, body_aborted */
async function rawBodyOf(req: Request): Promise<Uint8Array> {
  // Cloud Functions and NestJS parse every body and keep its bytes in `rawBody`.
  const { rawBody = req.body } = req as Request & { readonly rawBody?: unknown };
  if (rawBody instanceof Uint8Array) {
    if (rawBody.length > MAX_BODY_BYTES) throw bodyTooLarge();
    return rawBody;
  }
  if (req.readableDidRead) {
    throw new HttpException({
      message:
        "The body of this event has already been parsed. Put webhookEvents() before express.json(), or keep the bytes in req.rawBody.",
      code: "body_parsed",
    });
  }
  return readBody(req, MAX_BODY_BYTES);
}

/** @returns `undefined` for a PING and for anything that is not an event */
function parseEvent(body: Uint8Array): WebhookEvent | undefined {
  const { type, event } = (parseJson(body) ?? {}) as { readonly type?: unknown; readonly event?: unknown };
  if (type !== 1 || !isRecord(event)) return undefined;
  const { type: name, timestamp, data } = event as Partial<WebhookEvent>;
  return { type: String(name), timestamp: inUtc(String(timestamp)), data } as WebhookEvent;
}

function deauthorizedUserOf({ type, data }: WebhookEvent): string | undefined {
  if (type !== "APPLICATION_DEAUTHORIZED") return undefined;
  // The payload has not been validated.
  const id: unknown = (data as Partial<typeof data> | null)?.user?.id;
  return isSnowflake(id) ? id : undefined;
}

function warn(error: unknown): void {
  const reason = error instanceof Error ? error.message : shown(error);
  process.emitWarning(oneLine(`onEvent of webhookEvents failed: ${reason}`), {
    code: "EXPRESS_DISCORD_ON_EVENT",
  });
}

/** Adds the offset `Z`, which Discord omits. */
function inUtc(timestamp: string): string {
  return /(?:z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? timestamp : `${timestamp}Z`;
}
