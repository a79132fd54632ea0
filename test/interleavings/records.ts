import { recordKey } from "../../src/grants/record-keys.js";
import type { Seal } from "../../src/seal.js";

/** The purpose of a key. */
export type Purpose = "token" | "lease" | "ended" | "session";

interface Role {
  readonly name: string;
  readonly purpose: Purpose;
  readonly grantId: string;
}

/** Describes the content of the shared store in words that are the same in every run. */
export class Records {
  readonly #content = new Map<string, string>();
  readonly #readings = new Map<string, string>();
  readonly #seal: Seal;
  readonly #epoch: number;
  readonly #roles = new Map<string, Role>();
  readonly #names = new Map<string, string>();
  /** Leases are compared by their encrypted text, which changes with each write. */
  readonly #versions = new Map<string, string>();

  /** @param epoch when the run begins, in epoch milliseconds */
  constructor(seal: Seal, epoch: number) {
    this.#seal = seal;
    this.#epoch = epoch;
  }

  /** Gives a random value a name. */
  name(text: string, name: string): void {
    this.#names.set(text, name);
  }

  nameOf(text: string): string {
    return this.#names.get(text) ?? "something unknown";
  }

  /** Registers the keys and the id of a grant. */
  nameGrant(grantId: string, name: string): void {
    this.name(grantId, name);
    for (const purpose of ["token", "lease", "ended"] as const)
      this.#roles.set(recordKey(undefined, grantId, purpose), {
        name: `${purpose} of ${name}`,
        purpose,
        grantId,
      });
  }

  roleOf(key: string): Role {
    const known = this.#roles.get(key);
    if (known) return known;
    if (key.startsWith("discord-")) throw new Error(`No grant of this story has the key ${key}.`);
    return { name: key.replace(/-0*$/, ""), purpose: "session", grantId: "" };
  }

  get(key: string): string | undefined {
    return this.#content.get(key);
  }

  /** @param version differs for each write */
  set(key: string, json: string, version: string): void {
    this.#content.set(key, json);
    this.#readings.delete(key);
    this.#versions.set(key, version);
  }

  delete(key: string): void {
    this.#content.delete(key);
    this.#readings.delete(key);
  }

  /** Describes a value. */
  read(key: string): string {
    const known = this.#readings.get(key);
    if (known !== undefined) return known;
    const reading = this.#read(key);
    this.#readings.set(key, reading);
    return reading;
  }

  #read(key: string): string {
    const { purpose, grantId } = this.roleOf(key);
    const json = this.#content.get(key);
    if (json === undefined) return "nothing";
    if (purpose === "token") return this.#readToken(this.#open(key, "grant", grantId));
    if (purpose === "ended") return this.#open(key, "ended", grantId) ?? "unreadable";
    if (purpose === "lease")
      return `${this.#open(key, "lease", grantId)?.split(" ")[1]}, ${this.#versions.get(key)}`;
    const { cookie: _, ...session } = JSON.parse(json);
    return this.named(JSON.stringify(session));
  }

  /** Describes the whole content. */
  readAll(): string {
    const all = [...this.#content.keys()].map((key) => `${this.roleOf(key).name}: ${this.read(key)}`);
    return all.sort().join("\n");
  }

  /** Returns the access token in a grant's record. */
  accessTokenOf(grantId: string): string | undefined {
    const text = this.#open(recordKey(undefined, grantId, "token"), "grant", grantId);
    return text && JSON.parse(text).token?.accessToken;
  }

  markerOf(grantId: string): string | undefined {
    return this.#open(recordKey(undefined, grantId, "ended"), "ended", grantId);
  }

  #readToken(text: string | undefined): string {
    if (text === undefined) return "unreadable";
    const { token, login, writtenAt } = JSON.parse(text);
    const times = [token?.issuedAt, token?.expiresAt, writtenAt].map((time) => time - this.#epoch);
    const pair = token && [token.accessToken, token.refreshToken, token.userId, token.id].join(" ");
    return this.named([pair, ...times, login && JSON.stringify(login)].filter(Boolean).join(", "));
  }

  #open(key: string, purpose: "grant" | "lease" | "ended", grantId: string): string | undefined {
    const json = this.#content.get(key);
    const sealed = json === undefined ? undefined : (JSON.parse(json) as { grant?: unknown }).grant;
    return typeof sealed === "string" ? this.#seal.open(purpose, grantId, sealed) : undefined;
  }

  /** Replaces every random value in a text with its name. */
  named(text: string): string {
    let named = text;
    for (const [random, name] of this.#names) named = named.replaceAll(random, name);
    return named;
  }
}
