import { MemoryStore, type SessionData } from "express-session";

type Callback = (error?: unknown) => void;
type Lookup = (error: unknown, session?: SessionData | null) => void;

const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** What happens to a write. */
export type Fate = "kept" | "lost" | "refused";

/** A store that other processes may share. How it handles this library's writes can be set. */
export class UnfitStore extends MemoryStore {
  fate: (key: string, session: SessionData) => Fate = () => "kept";
  /** How often a new record is missing before it appears, as on a lagging replica. */
  lag = 0;
  readonly #unread = new Map<string, number>();

  override set(key: string, session: SessionData, callback?: Callback): void {
    const fate = isOurs(key) ? this.fate(key, session) : "kept";
    if (fate === "refused") setImmediate(() => callback?.(new Error("Not accepted.")));
    // Like memcached for a lifetime that it misreads.
    else if (fate === "lost") this.destroy(key, callback);
    else {
      if (isOurs(key) && !this.#unread.has(key)) this.#unread.set(key, this.lag);
      super.set(key, session, callback);
    }
  }

  override get(key: string, callback: Lookup): void {
    const unread = this.#unread.get(key) ?? 0;
    this.#unread.set(key, Math.max(0, unread - 1));
    if (unread > 0) setImmediate(() => callback(null, null));
    else super.get(key, callback);
  }
}

function isOurs(key: string): boolean {
  return key.startsWith("discord-");
}

/** Of everything that this library writes, only leases live for seconds. */
export function isLease(key: string, { cookie }: SessionData): boolean {
  return isOurs(key) && (cookie.originalMaxAge ?? DAY_MS) < 5 * MINUTE_MS;
}
