import { randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";
import { now } from "../clock.js";
import type { Seal } from "../seal.js";
import { type GrantPlace, isToken, type RefreshClaim, type Token } from "./grant.js";
import { onLateWrite, type Records } from "./token-store.js";
import { isReplacedBy, type UnsavedPair, unsavedPair } from "./unsaved-pair.js";

const KEY_PREFIX = "discord-";
const MEMO_MS = 30_000;
const MEMO_MAX = 10_000;
const SHORTEST_LIFETIME_MS = 30 * 86_400_000;
const SHORTEST_TOMBSTONE_MS = 86_400_000;
/** The record outlives a session of its age by this. */
const MARGIN_MS = 86_400_000;
const TOMBSTONE = "ended";
/** Real time. */
const SAVE_AGAIN_MS = 1000;
const UNSAVED_CLAIM_MS = 6000;

/** A grant as it lies in the store. */
interface Kept {
  readonly token: Token;
  /** Epoch milliseconds: the store may forget it then. */
  readonly until: number;
  /** Whether this process has written it, as against read it. */
  readonly isOurs: boolean;
}

type Remembered = Kept | "missing" | "ended";

interface Unsaved {
  readonly pair: UnsavedPair;
  readonly saveAgain: () => Promise<unknown>;
}

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
  /** Written again at the next use, and every second: another process would find the used-up pair until then. */
  readonly #unsaved = new LRUCache<string, Unsaved>({ max: MEMO_MAX });
  #savingAgain: NodeJS.Timeout | undefined;
  /** The last change of each record under way. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #process = randomBytes(9).toString("base64url");

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** Stores a new grant. @throws HttpException store_failed */
  create(records: Records, token: Token, sessionMs: number): Promise<void> {
    return this.#inTurn(token.id, () => this.#write(records, token, sessionMs));
  }

  /** @param sessionMs how long the session that points here can live */
  place(records: Records, id: string, sessionMs: number): GrantPlace {
    return new RecordPlace(this, records, id, sessionMs);
  }

  /** @returns the token as it is remembered; nothing where the store has to be asked, too */
  peek(id: string): Token | undefined {
    return tokenIn(this.#remembered(id));
  }

  /** Whether the store may forget the grant while a session of this lifetime, extended as long as it can be, points to it. */
  mayEndEarly(id: string, sessionMs: number): boolean {
    const known = this.#remembered(id);
    return typeof known === "object" && known.until < known.token.expiresAt + sessionMs;
  }

  async readRemembered(records: Records, id: string, sessionMs: number): Promise<Token | undefined> {
    const known = this.#remembered(id);
    if (known !== undefined) return tokenIn(known);
    const found = await this.read(records, id, sessionMs);
    // Only of a grant that a session points to: that of a login under way may be written any moment.
    if (!found && !this.#memo.has(id)) this.#memo.set(id, "missing");
    return found;
  }

  #remembered(id: string): Remembered | undefined {
    return this.#unsaved.has(id) ? undefined : this.#memo.get(id);
  }

  async read(records: Records, id: string, sessionMs: number): Promise<Token | undefined> {
    if (this.#memo.get(id) === "ended") return undefined;
    const unsaved = this.#unsaved.get(id);
    if (!unsaved) return this.#readStore(records, id);
    // One at a time: a store that is out of order may take long to say so.
    if (this.#turns.has(id)) return unsaved.pair.next;
    return this.#inTurn(id, () => this.#put(records, id, unsaved, sessionMs));
  }

  replace(records: Records, former: Token, next: Token, sessionMs: number): Promise<Token | undefined> {
    const { id } = former;
    return this.#inTurn(id, () => {
      const pair = unsavedPair(former, next, this.#unsaved.get(id)?.pair);
      const saveAgain = () => this.#saveAgain(records, id, sessionMs);
      return this.#put(records, id, { pair, saveAgain }, sessionMs);
    });
  }

  async end(records: Records, id: string, sessionMs: number): Promise<void> {
    this.#memo.set(id, "ended");
    await this.#inTurn(id, async () => {
      this.#unsaved.delete(id);
      this.#memo.set(id, "ended");
      await this.#writeTombstone(records, id, sessionMs);
    });
  }

  /** Runs the changes of one record after each other: what one has read still holds when it writes. */
  async #inTurn<T>(id: string, change: () => Promise<T>): Promise<T> {
    const former = this.#turns.get(id) ?? Promise.resolve();
    const turn = former.then(change, change);
    this.#turns.set(id, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(id) === turn) this.#turns.delete(id);
    }
  }

  async #readStore(records: Records, id: string): Promise<Token | undefined> {
    const before = this.#memo.get(id);
    const sealed = await records.read(keyOf(id));
    const meanwhile = this.#memo.get(id);
    // Whoever wrote or ended the grant while the store was answering knows better than the answer.
    const overtaken = meanwhile === "ended" || (meanwhile !== before && isOurs(meanwhile));
    const found = overtaken ? meanwhile : this.#parse(id, sealed);
    if (found === "missing") this.#memo.delete(id);
    else this.#memo.set(id, found);
    return tokenIn(found);
  }

  #parse(id: string, sealed: string | undefined): Remembered {
    const text = sealed === undefined ? undefined : this.#seal.open("grant", id, sealed);
    if (text === undefined) return "missing";
    return text === TOMBSTONE ? "ended" : (parseKept(text) ?? "missing");
  }

  async #put(records: Records, id: string, unsaved: Unsaved, sessionMs: number): Promise<Token | undefined> {
    const { next } = unsaved.pair;
    try {
      const stored = await this.#readStore(records, id);
      const isFormer = stored !== undefined && isReplacedBy(unsaved.pair, stored);
      if (isFormer) await this.#write(records, next, sessionMs);
      this.#unsaved.delete(id);
      return isFormer ? next : stored;
    } catch {
      this.#unsaved.set(id, unsaved);
      this.#saveAgainSoon();
      return next;
    }
  }

  /** Writes once more what the stores would not take. */
  saveAgain(): Promise<unknown> {
    return Promise.allSettled([...this.#unsaved.values()].map(({ saveAgain }) => saveAgain()));
  }

  /** Others must not ask with the pair that lies there: Discord refuses it, and they would take the login for dead. */
  async #saveAgain(records: Records, id: string, sessionMs: number): Promise<void> {
    const claim = records.shared ? this.claim(records, id) : undefined;
    await claim?.take(now() + UNSAVED_CLAIM_MS).catch(() => undefined);
    await this.read(records, id, sessionMs);
    await claim?.release();
  }

  #saveAgainSoon(): void {
    this.#savingAgain ??= setTimeout(async () => {
      await this.saveAgain();
      this.#savingAgain = undefined;
      if (this.#unsaved.size > 0) this.#saveAgainSoon();
    }, SAVE_AGAIN_MS).unref();
  }

  async #write(records: Records, token: Token, sessionMs: number): Promise<void> {
    const before = this.#memo.get(token.id);
    // Whoever comes while the token is valid can extend the session; whoever comes later has it refreshed.
    const untilLastVisitMs = Math.max(0, token.expiresAt - now()) + sessionMs;
    const ttlMs = Math.max(SHORTEST_LIFETIME_MS, untilLastVisitMs + MARGIN_MS);
    const until = now() + ttlMs;
    this.#memo.set(token.id, { token, until, isOurs: true });
    try {
      const sealed = this.#seal.seal("grant", token.id, JSON.stringify({ token, until }));
      await records.write(keyOf(token.id), sealed, ttlMs);
    } catch (error) {
      this.#memo.set(token.id, before);
      onLateWrite(error, () => this.#putRight(records, token.id, sessionMs));
      throw error;
    }
  }

  /** A write that was given up has taken effect over what came after it. */
  #putRight(records: Records, id: string, sessionMs: number): Promise<void> {
    return this.#inTurn(id, async () => {
      const known = this.#memo.get(id);
      if (known === "ended") await this.#writeTombstone(records, id, sessionMs);
      else if (isOurs(known)) await this.#write(records, known.token, sessionMs);
    });
  }

  async #writeTombstone(records: Records, id: string, sessionMs: number): Promise<void> {
    const sealed = this.#seal.seal("grant", id, TOMBSTONE);
    await records.write(keyOf(id), sealed, Math.max(SHORTEST_TOMBSTONE_MS, sessionMs));
  }

  claim(records: Records, id: string): RefreshClaim {
    const key = `${keyOf(id)}-refreshing`;
    const othersUntil = async () => {
      const sealed = await records.read(key);
      const text = sealed === undefined ? undefined : this.#seal.open("refreshing", id, sealed);
      const [process, until] = text?.split(" ") ?? [];
      return process !== this.#process && Number(until) > now() ? Number(until) : undefined;
    };
    return {
      othersUntil,
      take: (untilMs) =>
        records.write(key, this.#seal.seal("refreshing", id, `${this.#process} ${untilMs}`), untilMs - now()),
      release: async () => {
        if (!this.#unsaved.has(id) && (await othersUntil()) === undefined) await records.delete(key);
      },
    };
  }
}

function keyOf(id: string): string {
  return KEY_PREFIX + id;
}

function tokenIn(known: Remembered | undefined): Token | undefined {
  return typeof known === "object" ? known.token : undefined;
}

function isOurs(known: Remembered | undefined): known is Kept {
  return typeof known === "object" && known.isOurs;
}

function parseKept(text: string): Kept | undefined {
  const { token, until } = (JSON.parse(text) ?? {}) as Partial<Kept>;
  return isToken(token) && typeof until === "number" ? { token, until, isOurs: false } : undefined;
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

  peek(): Token | undefined {
    return this.#all.peek(this.#id);
  }

  mayEndEarly(): boolean {
    return this.#all.mayEndEarly(this.#id, this.#sessionMs);
  }

  readAgain(): Promise<Token | undefined> {
    return this.#all.read(this.#records, this.#id, this.#sessionMs);
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
