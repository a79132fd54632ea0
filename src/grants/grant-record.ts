import { now } from "../clock.js";
import { digestOf } from "../digest.js";
import { Lease, type LeaseSettings } from "./lease.js";
import { type RecordPurpose, recordKey } from "./record-keys.js";
import type { RecordStore } from "./record-store.js";
import type { SignIn } from "./session-data.js";
import { isToken, type Token } from "./token.js";

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

/** A stored token, with when and for how long it was stored. */
export interface Stored {
  readonly token: Token;
  /** Epoch milliseconds. */
  readonly writtenAt?: number | undefined;
  /** The lifetime its record was written with, in milliseconds. */
  readonly lifetimeMs?: number | undefined;
  /** Whether reading failed and this pair is from memory. */
  readonly isUnsaved?: boolean;
}

/** How a sign-in ended: in this app only, or with its tokens revoked at Discord too. */
export type Ended = "here" | "everywhere";

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
export interface RecordSettings extends LeaseSettings {
  readonly store: RecordStore;
  /** The option `recordKey`: makes a store key from a hash. */
  readonly keyOf: ((hash: string) => string) | undefined;
}

/** The records of one grant: the token, the sign-out marker and the lease. */
export class GrantRecord {
  readonly id: string;
  readonly signIn: SignIn;
  /** The current lifetime of the session. The record must live as long. */
  readonly lifetimeMs: number | undefined;
  readonly record = this;
  readonly #settings: RecordSettings;
  readonly #purpose: RecordPurpose;
  #lease: Lease | undefined;
  #sealed: string | undefined;
  #login: LoginRecord | undefined;

  constructor(
    settings: RecordSettings,
    grant: SignIn,
    lifetimeMs: number | undefined,
    purpose: RecordPurpose,
  ) {
    this.#settings = settings;
    this.id = grant.grantId;
    this.signIn = grant;
    this.lifetimeMs = lifetimeMs;
    this.#purpose = purpose;
  }

  /** Whether other processes may change the token. */
  get isShared(): boolean {
    return this.#settings.store.isShared;
  }

  /** `undefined` if no other process can read the store. */
  get lease(): Lease | undefined {
    if (this.isShared) this.#lease ??= new Lease(this.#settings, this.#key("lease"), this.id);
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

  /** Restarts the lifetime of the record, with the content last read. */
  async touch(): Promise<void> {
    if (this.#sealed)
      await this.#settings.store.touch(this.#key(this.#purpose), this.#sealed, this.lifetimeMs);
  }

  delete(): Promise<void> {
    return this.#settings.store.delete(this.#key(this.#purpose));
  }

  /** @returns how the grant ended; `undefined` if it has not */
  async readEndedMarker(): Promise<Ended | undefined> {
    const sealed = await this.#settings.store.read(this.#key("ended"));
    if (sealed === undefined) return undefined;
    return this.#settings.seal.open("ended", this.id, sealed) === "everywhere" ? "everywhere" : "here";
  }

  /** `everywhere` replaces an existing marker; `here` does not. */
  async writeEndedMarker(ended: Ended): Promise<void> {
    const { store, seal } = this.#settings;
    if (ended === "here" && (await this.readEndedMarker())) return;
    await store.write(this.#key("ended"), seal.seal("ended", this.id, ended), this.lifetimeMs);
  }

  /** Warns once if the store has not kept its first record, which a sign-out may have deleted. */
  async warnUnlessKept(): Promise<void> {
    const isKept = await this.checkKept().then(
      () => true,
      () => this.readEndedMarker().catch(() => true),
    );
    if (!isKept)
      this.#settings.store.warnOnce(
        "EXPRESS_DISCORD_STORE_LOSES",
        "The store accepted refreshed tokens but no longer has them, so those visitors will be signed out.",
      );
  }

  checkKept(): Promise<void> {
    return this.#settings.store.checkKept(this.#key(this.#purpose));
  }

  #key(purpose: RecordPurpose): string {
    const { keyOf } = this.#settings;
    return keyOf
      ? keyOf(digestOf(`${this.id}\n${purpose}`))
      : recordKey(this.signIn.keyForm, this.id, purpose);
  }
}

function parseWritten(text: string): Written | undefined {
  const content = (JSON.parse(text) ?? {}) as Partial<Written>;
  const isReadable = typeof content.writtenAt === "number" && (isToken(content.token) || content.login);
  return isReadable ? (content as Written) : undefined;
}
