import type { IncomingMessage } from "node:http";
import { isRecord, optionsChecker } from "./check-options.js";
import { now } from "./clock.js";
import { HttpException } from "./errors.js";
import { type Guard, guard } from "./guards.js";
import { PUBLIC_KEY } from "./option-kinds.js";
import { parseJson } from "./request-body.js";

/** How far Discord's clock and ours may differ. */
const CLOCK_MARGIN_MS = 60_000;
const SIGNED_HEADERS = ["x-discord-proxy-payload", "x-signature-ed25519", "x-signature-timestamp"];

/** Options of {@link requiresActivity}. */
export interface ActivityOptions {
  /** The application's public key from the developer portal: 64 hexadecimal characters. */
  readonly publicKey: string;
}

const activityOptions = optionsChecker<ActivityOptions>({
  of: "requiresActivity",
  makesMiddleware: true,
  example: "{ publicKey }",
  kinds: { publicKey: PUBLIC_KEY },
  required: ["publicKey"],
});

const payloads = new WeakMap<IncomingMessage, unknown>();

/**
 * A guard for requests from an Activity. It passes only requests that Discord's proxy has signed. The proxy signs
 * requests only for applications that have opted in.
 *
 * The signature proves that somebody is using the Activity in Discord, and expires. It does not cover the path or
 * the body, so a client can reuse it for other requests until it expires. It does not replace a sign-in.
 *
 * @throws TypeError immediately, for an invalid public key
 * @throws HttpException through `next`: `signature_invalid`, status 401
 * @see https://docs.discord.com/developers/activities/development-guides/multiplayer-experience
 */
export function requiresActivity(options: ActivityOptions): Guard {
  const { publicKey } = activityOptions(options);
  return guard("requiresActivity", async (req) => {
    payloads.set(req, await signedPayload(req, publicKey));
  });
}

/**
 * Returns the payload that Discord's proxy signed, for a request that passed {@link requiresActivity}; `undefined`
 * for any other request. Discord documents two fields, `created_at` and `expires_at`. To find out who takes part
 * and where, request `activity-instances` as the bot.
 */
export function activityPayload(req: IncomingMessage): unknown {
  return payloads.get(req);
}

async function signedPayload(req: IncomingMessage, publicKey: string): Promise<unknown> {
  const [encoded, signature, timestamp] = SIGNED_HEADERS.map((name) => req.headers[name]?.toString());
  if (!encoded || !signature || !timestamp)
    throw invalid(
      "has no signature from Discord's proxy. It bypassed the proxy, or Discord does not sign this application's requests.",
    );
  const bytes = Buffer.from(encoded, "base64");
  if (!(await isSigned(bytes, signature, publicKey)))
    throw invalid("is not signed with this application's key.");
  const payload = parseJson(bytes);
  if (!isCurrent(payload, timestamp))
    throw invalid("has a signature that has expired or does not match its timestamp.");
  return payload;
}

async function isSigned(bytes: Uint8Array, signature: string, publicKey: string): Promise<boolean> {
  const { verifyKey } = await import("discord-interactions");
  // Discord's own samples use different encodings.
  const hex = signature.length === 128 ? signature : Buffer.from(signature, "base64").toString("hex");
  return verifyKey(bytes, hex, "", publicKey);
}

/** The times are in seconds. */
function isCurrent(payload: unknown, timestamp: string): boolean {
  if (!isRecord(payload)) return false;
  const { created_at: created, expires_at: expires } = payload;
  if (typeof created !== "number" || typeof expires !== "number" || String(created) !== timestamp)
    return false;
  return created * 1000 <= now() + CLOCK_MARGIN_MS && now() <= expires * 1000;
}

function invalid(why: string): HttpException {
  return new HttpException({ message: `This request ${why}`, code: "signature_invalid" });
}
