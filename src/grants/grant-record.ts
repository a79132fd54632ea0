import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import type { Seal } from "../seal.js";
import { Lease } from "./lease.js";
import { type KeyForm, type RecordPurpose, recordKey } from "./record-keys.js";
import type { RecordStore } from "./record-store.js";
import type { SignIn } from "./session-data.js";
import { isToken, type KnownUser, type Token } from "./token.js";
import type { Ended, Stored, StoredRecord, TokenStorage } from "./token-storage.js";

/** The outcome of a callback, stored so that a repeated callback gets the same result. */
export interface LoginRecord {
  /** Whether the login is still in progress: `onLogin` has not returned, for example. */
  readonly isPending: boolean;
  /** Whether the visitor was signed in. Absent while the login is in progress. */
  readonly isSignIn?: boolean | undefined;
  /** The id of the session that was signed in, if it has one. */
  readonly sessionId?: string | undefined;
  readonly scopes: readonly string[];
  readonly userId?: string | undefined;
  /** The page that `onLogin` returned. */
  readonly returnTo?: string | undefined;
  /** When this was written, in epoch milliseconds. */
  readonly at: number;
}

/** The content of a record. The record of a login that signed nobody in has no token. */
export interface RecordContent {
  readonly token?: Token | undefined;
  readonly login?: LoginRecord | undefined;
}

interface Written extends RecordContent {
  readonly writtenAt: number;
  readonly lifetimeMs?: number | undefined;
}

/** Settings shared by all records of one store. */
export interface RecordSettings {
  readonly store: RecordStore;
  readonly seal: Seal;
  readonly leaseMs: number;
  /** Distinguishes instances in one process. */
  readonly instance: string;
  /** The option `recordKey`: makes a store key from a hash. */
  readonly keyOf: ((hash: string) => string) | undefined;
}

/** The sign-in of a record, with the format of its keys. */
export type GrantKey = Omit<SignIn, "sealed">;

/** The records of one grant: the token, the sign-out marker and the lease. */
export class GrantRecord implements TokenStorage, StoredRecord {
  readonly id: string;
  readonly signIn: KnownUser;
  readonly lifetimeMs: number | undefined;
  readonly record: StoredRecord;
  readonly #settings: RecordSettings;
  readonly #keyForm: KeyForm | undefined;
  readonly #purpose: RecordPurpose;
  #lease: Lease | undefined;
  #sealed: string | undefined;
  #login: LoginRecord | undefined;

  constructor(
    settings: RecordSettings,
    grant: GrantKey,
    lifetimeMs: number | undefined,
    purpose: RecordPurpose,
  ) {
    this.record = this;
    this.#settings = settings;
    this.id = grant.grantId;
    this.signIn = grant;
    this.#keyForm = grant.keyForm;
    this.lifetimeMs = lifetimeMs;
    this.#purpose = purpose;
  }

  get isShared(): boolean {
    return this.#settings.store.isShared;
  }

  get lease(): Lease | undefined {
    if (!this.isShared) return undefined;
    const { store, seal, leaseMs, instance } = this.#settings;
    const key = this.#key("lease");
    this.#lease ??= new Lease(
      {
        read: () => store.read(key),
        write: (sealed, ms) => store.write(key, sealed, ms),
        warnOfLostLeases: () => store.warnOfLostLeases(),
      },
      seal,
      this.id,
      leaseMs,
      instance,
    );
    return this.#lease;
  }

  async read(): Promise<Stored | undefined> {
    const content = await this.readContent();
    return content?.token && { ...content, token: content.token };
  }

  async readContent(): Promise<Written | undefined> {
    const sealed = await this.#settings.store.read(this.#key(this.#purpose));
    const text = sealed && this.#settings.seal.open("grant", this.id, sealed);
    const content = text ? parseWritten(text) : undefined;
    this.#sealed = content && sealed;
    this.#login = content?.login;
    return content;
  }

  write(token: Token): Promise<void> {
    return this.writeContent({ token, login: this.#login });
  }

  async writeContent(content: RecordContent): Promise<void> {
    const { store, seal } = this.#settings;
    const written: Written = { ...content, writtenAt: now(), lifetimeMs: this.lifetimeMs };
    this.#login = content.login;
    await store.write(
      this.#key(this.#purpose),
      seal.seal("grant", this.id, JSON.stringify(written)),
      this.lifetimeMs,
    );
  }

  async touch(): Promise<void> {
    if (this.#sealed)
      await this.#settings.store.touch(this.#key(this.#purpose), this.#sealed, this.lifetimeMs);
  }

  delete(): Promise<void> {
    return this.#settings.store.delete(this.#key(this.#purpose));
  }

  async readEndedMarker(): Promise<Ended | undefined> {
    const sealed = await this.#settings.store.read(this.#key("ended"));
    if (sealed === undefined) return undefined;
    return this.#settings.seal.open("ended", this.id, sealed) === "everywhere" ? "everywhere" : "here";
  }

  async writeEndedMarker(ended: Ended): Promise<void> {
    const { store, seal } = this.#settings;
    if (ended === "here" && (await this.readEndedMarker())) return;
    await store.write(this.#key("ended"), seal.seal("ended", this.id, ended), this.lifetimeMs);
  }

  warnUnlessKept(): Promise<void> {
    const isEnded = async () => (await this.readEndedMarker()) !== undefined;
    return this.#settings.store.warnUnlessKept(this.#key(this.#purpose), isEnded);
  }

  checkKept(): Promise<void> {
    return this.#settings.store.checkKept(this.#key(this.#purpose));
  }

  #key(purpose: RecordPurpose): string {
    const { keyOf } = this.#settings;
    return keyOf ? keyOf(digestOf(`${this.id}\n${purpose}`)) : recordKey(this.#keyForm, this.id, purpose);
  }
}

function parseWritten(text: string): Written | undefined {
  const content = (JSON.parse(text) ?? {}) as Partial<Written>;
  const isReadable = typeof content.writtenAt === "number" && (isToken(content.token) || content.login);
  return isReadable ? (content as Written) : undefined;
}
