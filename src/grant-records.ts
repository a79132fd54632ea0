import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { now } from "./clock.js";
import { type GrantPlace, parseToken, type RefreshClaim, type Token } from "./grant.js";
import type { Seal } from "./seal.js";
import type { Records } from "./token-store.js";

const KEY_PREFIX = "discord-";
const MEMO_MS = 30_000;
const MEMO_MAX = 10_000;
const SHORTEST_LIFETIME_MS = 30 * 86_400_000;
const SHORTEST_TOMBSTONE_MS = 86_400_000;
/** The record outlives a session of its age by this. */
const MARGIN_MS = 86_400_000;
const TOMBSTONE = "ended";

type Remembered = Token | "missing" | "ended";

/**
 * The records that hold grants: sealed, one each, with a memo of 30 seconds before them.
 *
 * The tokens are not inside the session because sessions are written whole, at the end of a request, by whoever comes
 * last: a slow request would bring back a refresh token that Discord has used up, or undo a logout.
 */
export class GrantRecords {
  readonly #seal: Seal;
  readonly #memo = new LRUCache<string, Remembered>({
    max: MEMO_MAX,
    ttl: MEMO_MS,
    ttlResolution: 0,
    perf: { now },
  });
  /** Pairs that the store would not take, with what they replace: written again at the next use. */
  readonly #unsaved = new LRUCache<string, { readonly former: Token; readonly next: Token }>({
    max: MEMO_MAX,
  });
  readonly #process = randomBytes(9).toString("base64url");

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** Stores a new grant. @throws HttpException store_failed */
  async create(records: Records, token: Token, sessionMs: number): Promise<void> {
    if (this.#memo.get(token.id) === token) return;
    await this.#write(records, token, sessionMs);
  }

  /** @param sessionMs how long the session that points here can live */
  place(records: Records, id: string, sessionMs: number): GrantPlace {
    return new RecordPlace(this, records, id, sessionMs);
  }

  async readRemembered(records: Records, id: string, sessionMs: number): Promise<Token | undefined> {
    const unsaved = this.#unsaved.get(id);
    if (unsaved) return this.replace(records, unsaved.former, unsaved.next, sessionMs);
    const known = this.#memo.get(id);
    if (known === undefined) return this.read(records, id);
    return typeof known === "object" ? known : undefined;
  }

  async read(records: Records, id: string): Promise<Token | undefined> {
    const before = this.#memo.get(id);
    const sealed = await records.read(keyOf(id));
    const meanwhile = this.#memo.get(id);
    // Whoever wrote or ended the grant while the store was answering knows better than the answer.
    const overtaken = meanwhile !== undefined && meanwhile !== before;
    const found = overtaken || meanwhile === "ended" ? meanwhile : this.#parse(id, sealed);
    this.#memo.set(id, found);
    return typeof found === "object" ? found : undefined;
  }

  #parse(id: string, sealed: string | undefined): Remembered {
    const text = sealed === undefined ? undefined : this.#seal.open("grant", id, sealed);
    if (text === undefined) return "missing";
    return text === TOMBSTONE ? "ended" : (parseToken(text) ?? "missing");
  }

  async replace(records: Records, former: Token, next: Token, sessionMs: number): Promise<Token | undefined> {
    const { id } = former;
    try {
      const stored = await this.read(records, id);
      if (stored?.accessToken !== former.accessToken) {
        this.#unsaved.delete(id);
        return stored;
      }
      await this.#write(records, next, sessionMs);
      this.#unsaved.delete(id);
    } catch {
      // Discord has used up the former pair: losing the new one would lose the login.
      this.#unsaved.set(id, { former, next });
    }
    return next;
  }

  async #write(records: Records, token: Token, sessionMs: number): Promise<void> {
    const before = this.#memo.get(token.id);
    this.#memo.set(token.id, token);
    try {
      const sealed = this.#seal.seal("grant", token.id, JSON.stringify(token));
      await records.write(keyOf(token.id), sealed, Math.max(SHORTEST_LIFETIME_MS, sessionMs + MARGIN_MS));
    } catch (error) {
      this.#memo.set(token.id, before);
      throw error;
    }
  }

  async end(records: Records, id: string, sessionMs: number): Promise<void> {
    this.#unsaved.delete(id);
    this.#memo.set(id, "ended");
    const sealed = this.#seal.seal("grant", id, TOMBSTONE);
    await records.write(keyOf(id), sealed, Math.max(SHORTEST_TOMBSTONE_MS, sessionMs));
  }

  claim(records: Records, id: string): RefreshClaim {
    const key = `${keyOf(id)}-refreshing`;
    return {
      othersUntil: async () => {
        const sealed = await records.read(key);
        const text = sealed === undefined ? undefined : this.#seal.open("refreshing", id, sealed);
        const [process, until] = text?.split(" ") ?? [];
        return process !== this.#process && Number(until) > now() ? Number(until) : undefined;
      },
      take: (untilMs) =>
        records.write(key, this.#seal.seal("refreshing", id, `${this.#process} ${untilMs}`), untilMs - now()),
      release: () => records.delete(key),
    };
  }
}

function keyOf(id: string): string {
  return KEY_PREFIX + id;
}

/** One grant among the records, as one request sees it. */
class RecordPlace implements GrantPlace {
  readonly #all: GrantRecords;
  readonly #records: Records;
  readonly #id: string;
  readonly #sessionMs: number;

  constructor(all: GrantRecords, records: Records, id: string, sessionMs: number) {
    this.#all = all;
    this.#records = records;
    this.#id = id;
    this.#sessionMs = sessionMs;
  }

  read(): Promise<Token | undefined> {
    return this.#all.readRemembered(this.#records, this.#id, this.#sessionMs);
  }

  readAgain(): Promise<Token | undefined> {
    return this.#all.read(this.#records, this.#id);
  }

  replace(former: Token, next: Token): Promise<Token | undefined> {
    return this.#all.replace(this.#records, former, next, this.#sessionMs);
  }

  end(): Promise<void> {
    return this.#all.end(this.#records, this.#id, this.#sessionMs);
  }

  get claim(): RefreshClaim | undefined {
    return this.#records.shared ? this.#all.claim(this.#records, this.#id) : undefined;
  }
}
