import { TIMEOUT_MS } from "./faults.js";

/** Why a sign-in may be lost without any mistake. */
export const LOSS_REASONS = [
  "the user removed the application at Discord",
  "Discord rotated the pair, and a fault swallowed its answer",
  "Discord's answer took longer than an app listens for it",
  "a worker was killed before it had Discord's answer",
  "a worker was killed between that answer and the store",
] as const;

/** The reasons that need a kill. */
export const KILL_REASONS: readonly LossReason[] = LOSS_REASONS.slice(3);

export type LossReason = (typeof LOSS_REASONS)[number];

/** A refresh that reached Discord. */
export interface TokenRequest {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly status: number | undefined;
  readonly fault: string | undefined;
  /** When the response was sent or the connection ended; undefined before that. */
  readonly durationMs: number | undefined;
  /** Whether the connection ended before the whole response was sent. */
  readonly cutShort: boolean;
  /** The worker that sent it. */
  readonly worker: string;
  /** Whether Discord had not seen the refresh token before. */
  readonly wasTokenValid: boolean;
}

/** A refresh that its worker has not finished. */
export interface RefreshUnderWay {
  /** Empty if the app does not know the user. */
  readonly userId: string;
  /** Epoch milliseconds. */
  readonly begunAt: number;
}

/** The end of a worker that was killed. */
export interface Death {
  /** Epoch milliseconds, just before the kill. */
  readonly at: number;
  /** What it was about to do. */
  readonly refreshes: ReadonlyMap<number, RefreshUnderWay>;
}

type Deaths = ReadonlyMap<string, Death>;

/** A visitor who was signed in, did not sign out, and is refused. Times are in epoch milliseconds. */
export interface Loss {
  readonly at: number;
  readonly signedInAt: number;
  /** When the user last removed the application at Discord; 0 for never. */
  readonly removedAt: number;
  /** The names by which a worker may refer to the user. */
  readonly userIds: readonly string[];
  /** The refreshes of this sign-in, oldest first. */
  readonly tokenRequests: readonly TokenRequest[];
}

/** Apps wait for a response for four times their timeout, from a moment before Discord reads the request. */
const PATIENCE_MS = 3 * TIMEOUT_MS;
const SWALLOWING: readonly (string | undefined)[] = ["swallowed", "truncated"];
/** Faults that do not change the response. */
const HARMLESS: readonly (string | undefined)[] = [undefined, "delay", "slow-body", "truncated"];

/**
 * Examines the request that used up the visitor's latest pair: nobody can have refreshed after its response was lost.
 *
 * @returns undefined if the library lost the pair
 */
export function explainLoss(loss: Loss, deaths: Deaths): LossReason | undefined {
  if (loss.removedAt >= loss.signedInAt) return LOSS_REASONS[0];
  const rotation = loss.tokenRequests.findLast(hasRotated);
  if (rotation === undefined) return undefined;
  if (SWALLOWING.includes(rotation.fault)) return LOSS_REASONS[1];
  const { at, cutShort, durationMs = Number.POSITIVE_INFINITY, worker } = rotation;
  const death = deaths.get(worker);
  // However late: Discord may read a request long after the worker that sent it was killed.
  if (death && at + durationMs >= death.at) return LOSS_REASONS[3];
  if (cutShort) return durationMs >= PATIENCE_MS ? LOSS_REASONS[2] : undefined;
  if (!death) return undefined;
  const wasRefreshing = [...death.refreshes.values()].some(
    ({ userId, begunAt }) => loss.userIds.includes(userId) && begunAt <= at,
  );
  return wasRefreshing ? LOSS_REASONS[4] : undefined;
}

/**
 * Describes everything that is known about a loss: the nearest kill, and each refresh, in seconds since the sign-in.
 */
export function describeLoss(loss: Loss, deaths: Deaths): string {
  const { at, signedInAt, tokenRequests, userIds } = loss;
  const requests = tokenRequests.map((request) => {
    const { at: askedAt, cutShort, durationMs, fault = "no fault", status = "no status", worker } = request;
    const death = deaths.get(worker);
    const killed = death ? ` (killed at ${seconds(death.at - signedInAt)})` : "";
    const end =
      durationMs === undefined
        ? "under way"
        : `${cutShort ? "cut short" : "sent"} after ${seconds(durationMs)}`;
    return `${seconds(askedAt - signedInAt)}: worker ${worker}${killed}, ${status}, ${fault}, ${end}`;
  });
  const lost = `user ${userIds[0]}, lost at ${seconds(at - signedInAt)} (${new Date(at).toISOString()})`;
  return [lost, describeNearestKill(loss, deaths), ...requests].join("; ");
}

/** Returns the kill nearest to a loss, and the kill of the worker that asked for the latest pair. */
export function describeKills(loss: Loss, deaths: Deaths): string {
  const rotation = loss.tokenRequests.findLast(hasRotated);
  const death = rotation && deaths.get(rotation.worker);
  const request = death
    ? `Discord read worker ${rotation.worker}'s request ${beforeOrAfter(rotation.at - death.at)} that worker's kill`
    : "the worker that had asked Discord lives";
  return `user ${loss.userIds[0]}: ${describeNearestKill(loss, deaths)}; ${request}`;
}

function describeNearestKill({ at }: Loss, deaths: Deaths): string {
  const [nearest] = [...deaths].sort(([, a], [, b]) => Math.abs(a.at - at) - Math.abs(b.at - at));
  if (nearest === undefined) return "no worker was killed";
  const [worker, death] = nearest;
  return `the nearest kill ${beforeOrAfter(death.at - at)} the loss (worker ${worker})`;
}

function beforeOrAfter(ms: number): string {
  return `${seconds(Math.abs(ms))} ${ms < 0 ? "before" : "after"}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

/** Whether Discord returned a new pair. */
function hasRotated({ fault, status, wasTokenValid }: TokenRequest): boolean {
  if (!wasTokenValid) return false;
  return fault === "swallowed" || (status === 200 && HARMLESS.includes(fault));
}
