import type { IncomingMessage } from "node:http";
import { optionsChecker } from "./check-options.js";
import { now } from "./clock.js";
import { HttpException } from "./errors.js";
import { calledByHand, type Guard } from "./guards.js";
import { isObject } from "./models/model.js";
import { PUBLIC_KEY } from "./option-kinds.js";

/** Discord's clock and ours may differ by so much. */
const CLOCK_MARGIN_MS = 60_000;
const SIGNATURE = /^(?:[\da-f]{128}|[\w+/-]{86}(?:==)?)$/i;

/** Options of {@link requiresActivity}. */
export interface ActivityOptions {
  /** The application's public key, as the developer portal shows it: 64 hexadecimal characters. */
  readonly publicKey: string;
}

const activityOptions = optionsChecker<ActivityOptions>({
  of: "requiresActivity",
  example: "{ publicKey }",
  kinds: { publicKey: PUBLIC_KEY },
  required: ["publicKey"],
  areRequirements: true,
});

const payloads = new WeakMap<IncomingMessage, unknown>();

/**
 * Lets requests pass that Discord's proxy has signed, as it does for Activities.
 *
 * The signature says that somebody uses the Activity within Discord, and until when. It binds neither the path nor the body
 * of the request, so it can be repeated with others until it expires, and does not replace a sign-in.
 *
 * @throws TypeError at once, for a public key that is none
 * @throws HttpException through `next`: `signature_invalid`, status 401
 * @see https://docs.discord.com/developers/activities/development-guides/multiplayer-experience
 */
export function requiresActivity(options: ActivityOptions): Guard {
  const { publicKey } = activityOptions(options);
  return function requiresActivity(req, _res, next) {
    if (typeof next !== "function") throw new TypeError(calledByHand("requiresActivity"));
    const pass = (payload: unknown) => {
      payloads.set(req, payload);
      next();
    };
    signedPayload(req, publicKey).then(pass, next);
  };
}

/**
 * What Discord's proxy has signed for a request that {@link requiresActivity} let pass; `undefined` for any other. Discord
 * documents two fields, `created_at` and `expires_at`: ask `activity-instances` as the bot who takes part, and where.
 */
export function activityPayload(req: IncomingMessage): unknown {
  return payloads.get(req);
}

async function signedPayload(req: IncomingMessage, publicKey: string): Promise<unknown> {
  const encoded = headerOf(req, "x-discord-proxy-payload");
  const signature = headerOf(req, "x-signature-ed25519");
  const timestamp = headerOf(req, "x-signature-timestamp");
  if (!encoded || !signature || !timestamp)
    throw invalid("carries no signature of Discord's proxy. Did it come past the proxy?");
  const bytes = Buffer.from(encoded, "base64");
  if (!(await isSigned(bytes, signature, publicKey)))
    throw invalid("is not signed with this application's key.");
  const payload = parsed(bytes);
  if (!isCurrent(payload, timestamp))
    throw invalid("has a signature that has expired, or is for another time.");
  return payload;
}

async function isSigned(bytes: Uint8Array, signature: string, publicKey: string): Promise<boolean> {
  if (!SIGNATURE.test(signature)) return false;
  const { verifyKey } = await import("discord-interactions");
  // Discord's own samples disagree about the encoding.
  const hex = signature.length === 128 ? signature : Buffer.from(signature, "base64").toString("hex");
  return verifyKey(bytes, hex, "", publicKey).catch(() => false);
}

/** The times are in seconds. */
function isCurrent(payload: unknown, timestamp: string): boolean {
  if (!isObject(payload)) return false;
  const { created_at: created, expires_at: expires } = payload as Readonly<Record<string, unknown>>;
  if (typeof created !== "number" || typeof expires !== "number" || String(created) !== timestamp)
    return false;
  return created * 1000 <= now() + CLOCK_MARGIN_MS && now() <= expires * 1000;
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : undefined;
}

function invalid(why: string): HttpException {
  return new HttpException({ message: `This request ${why}`, code: "signature_invalid", status: 401 });
}
