import type { IncomingMessage } from "node:http";
import { LRUCache } from "lru-cache";
import { withDeadline } from "../deadline.js";
import { HttpException } from "../errors.js";
import type { GrantPlace, RefreshClaim, Token } from "./grant.js";
import { onLateWrite, storeFailed } from "./token-store.js";
import { isReplacedBy, type UnsavedPair, unsavedPair } from "./unsaved-pair.js";

const UNSAVED_MAX = 10_000;

/** The two methods by which an app can keep tokens its own way. */
export interface TokenHooks {
  getAuthorizationToken(req: IncomingMessage): Promise<Token | undefined>;
  saveAuthorizationToken(req: IncomingMessage, token: Token | undefined): Promise<void>;
}

/** The app has no place for claims: others may be refreshing, and nobody sees them. */
const UNSEEN: RefreshClaim = {
  othersUntil: async () => undefined,
  take: async () => undefined,
  release: async () => undefined,
};

/** Grants that lie where the app's own methods put them. */
export class HookPlaces {
  readonly #hooks: TokenHooks;
  readonly #deadlineMs: number;
  /**
   * Pairs that were never read back: the method failed, or its request was over and took the pair along. Written again at
   * the next use.
   */
  readonly #unsaved = new LRUCache<string, UnsavedPair>({ max: UNSAVED_MAX });
  readonly #ended = new LRUCache<string, true>({ max: UNSAVED_MAX });

  /** @param deadlineMs real time; a method that has not answered by then has failed */
  constructor(hooks: TokenHooks, deadlineMs: number) {
    this.#hooks = hooks;
    this.#deadlineMs = deadlineMs;
  }

  of(req: IncomingMessage): GrantPlace {
    const read = () => this.#read(req);
    return {
      read,
      readAgain: read,
      replace: (former, next) => this.#replace(req, former, next),
      end: () => this.#end(req),
      claim: UNSEEN,
    };
  }

  /**
   * Stores the token of a login. The one of the same login is left as it is, since it may have been refreshed meanwhile.
   *
   * @throws HttpException store_failed
   */
  async begin(req: IncomingMessage, token: Token): Promise<void> {
    if ((await this.#read(req))?.id !== token.id) await this.#save(req, token);
  }

  async #read(req: IncomingMessage): Promise<Token | undefined> {
    const stored = await this.#attempt("reading", () => this.#hooks.getAuthorizationToken(req));
    const unsaved = stored && this.#unsaved.get(stored.id);
    if (!unsaved) return stored;
    if (isReplacedBy(unsaved, stored)) return this.#put(req, unsaved);
    this.#unsaved.delete(stored.id);
    return stored;
  }

  async #replace(req: IncomingMessage, former: Token, next: Token): Promise<Token | undefined> {
    const unsaved = unsavedPair(former, next, this.#unsaved.get(former.id));
    try {
      const stored = await this.#read(req);
      if (stored?.accessToken !== former.accessToken) return stored;
    } catch {
      this.#unsaved.set(next.id, unsaved);
      return next;
    }
    return this.#put(req, unsaved);
  }

  async #put(req: IncomingMessage, unsaved: UnsavedPair): Promise<Token | undefined> {
    const { next } = unsaved;
    this.#unsaved.set(next.id, unsaved);
    await this.#save(req, next).catch(() => undefined);
    if (!this.#ended.has(next.id)) return next;
    await this.#save(req, undefined);
    return undefined;
  }

  async #end(req: IncomingMessage): Promise<void> {
    const last = await this.#attempt("reading", () => this.#hooks.getAuthorizationToken(req)).catch(
      () => undefined,
    );
    if (last) {
      this.#ended.set(last.id, true);
      this.#unsaved.delete(last.id);
    }
    await this.#save(req, undefined);
  }

  async #save(req: IncomingMessage, token: Token | undefined): Promise<void> {
    try {
      await this.#attempt("writing", () => this.#hooks.saveAuthorizationToken(req, token));
    } catch (error) {
      if (token) onLateWrite(error, () => this.#putRight(req, token));
      throw error;
    }
  }

  /** A write that was given up has taken effect over what came after it. */
  async #putRight(req: IncomingMessage, late: Token): Promise<void> {
    if (this.#ended.has(late.id)) await this.#save(req, undefined);
  }

  async #attempt<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.#deadlineMs, task());
    } catch (error) {
      throw error instanceof HttpException ? error : storeFailed(doing, error);
    }
  }
}
