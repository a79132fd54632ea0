import { createHash } from "node:crypto";

/** What a record of a grant is for. */
export type RecordPurpose = "token" | "login" | "lease" | "ended";

/**
 * The form of an app's session ids, where it is not the default of express-session: a prefix that is kept, a line break,
 * and a mask in which each character stands for a class (`0` digit, `a` and `A` letter, `x` and `X` hexadecimal digit) or
 * for itself.
 */
export type KeyForm = string;

const DEFAULT_ID = /^[\w-]{32}$/;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const PREFIX = /^(?:.*[:./](?=[\w-]{16}))?/;
const CLASSES: Readonly<Record<string, string>> = {
  "0": "0123456789",
  a: "abcdefghijklmnopqrstuvwxyz",
  A: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  x: "0123456789abcdef",
  X: "0123456789ABCDEF",
};

/** The form of a session id; `undefined` for the default form, and where sessions have no ids. */
export function keyFormOf(sessionId: unknown): KeyForm | undefined {
  if (typeof sessionId !== "string" || sessionId === "") return undefined;
  const [prefix = ""] = PREFIX.exec(sessionId) ?? [];
  const body = sessionId.slice(prefix.length);
  const isHex = isAll(body, /[\da-f]/);
  const isUpperHex = isAll(body, /[\dA-F]/);
  if (!isHex && !isUpperHex && DEFAULT_ID.test(sessionId)) return undefined;
  const maskOf = (character: string) => {
    if (isAll(body, /\d/) && /\d/.test(character)) return "0";
    if (isHex && /[\da-f]/.test(character)) return "x";
    if (isUpperHex && /[\dA-F]/.test(character)) return "X";
    if (/\d/.test(character)) return "0";
    if (/[a-z]/.test(character)) return "a";
    return /[A-Z]/.test(character) ? "A" : character;
  };
  const mask = [...body].map(maskOf).join("");
  return `${prefix}\n${UUID.test(body) ? uuidMask(body, mask) : mask}`;
}

/** A key of this form, the same for the same grant and purpose. It opens no session: no cookie names it. */
export function recordKey(form: KeyForm | undefined, grantId: string, purpose: RecordPurpose): string {
  const hash = createHash("sha512").update(`${grantId}\n${purpose}`);
  if (form === undefined) return `discord-${hash.digest("base64url").slice(0, 24)}`;
  const [prefix = "", mask = ""] = form.split("\n");
  const bytes = hash.digest();
  const characters = [...mask].map((symbol, index) => {
    const alphabet = CLASSES[symbol];
    if (!alphabet) return symbol;
    const byte = (bytes[index % bytes.length] ?? 0) + Math.floor(index / bytes.length);
    return alphabet[byte % alphabet.length];
  });
  return prefix + characters.join("");
}

/** Databases may check the version and the variant of a UUID (RFC 9562). */
function uuidMask(uuid: string, mask: string): string {
  return `${mask.slice(0, 14)}${uuid[14]}${mask.slice(15, 19)}8${mask.slice(20)}`;
}

/** Whether all letters and digits are of one class. */
function isAll(text: string, one: RegExp): boolean {
  const characters = text.match(/[\da-z]/gi) ?? [];
  return characters.length > 0 && characters.every((character) => one.test(character));
}
