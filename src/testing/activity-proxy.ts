import { sign } from "node:crypto";
import type { Application } from "./application.js";
import type { SimulatedClock } from "./clock.js";

const LIFETIME_SECONDS = 300;

/**
 * Returns the headers that Discord's proxy adds to requests of an Activity to prove that they came through the proxy.
 *
 * @param payload signed fields besides the times, or instead of them. Discord documents no other fields
 */
export function proxyHeaders(
  { signingKey }: Application,
  clock: SimulatedClock,
  payload: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const seconds = Math.floor(clock.now() / 1000);
  const signed = { created_at: seconds, expires_at: seconds + LIFETIME_SECONDS, ...payload };
  const bytes = Buffer.from(JSON.stringify(signed));
  return {
    "X-Signature-Ed25519": sign(null, bytes, signingKey).toString("base64"),
    "X-Signature-Timestamp": String(signed.created_at),
    "X-Discord-Proxy-Payload": bytes.toString("base64"),
  };
}
