import { createHash } from "node:crypto";

/** The purpose of a record. Each grant has one record for each purpose. */
export type RecordPurpose = "token" | "login" | "lease" | "ended";

/**
 * The format of session ids that differ from express-session's default: a literal prefix, a line break, and a mask.
 * In the mask, `0` stands for a digit, `a` and `A` for a letter, `x` and `X` for a hexadecimal digit, and any other
 * character for itself.
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

/** Bodies with one symbol for all of their letters and digits. */
const WHOLE_BODIES = [
  [/^\d+$/, "0"],
  [/^[\da-f]+$/, "x"],
  [/^[\dA-F]+$/, "X"],
] as const;

/** With fewer bits, keys of different records could be equal, or equal to a session id. */
const FEWEST_BITS = 48;

/**
 * Returns the format of a session id; `undefined` for the default format, for sessions without an id, and for ids
 * with too few letters and digits to make keys of.
 */
export function keyFormOf(sessionId: unknown): KeyForm | undefined {
  if (typeof sessionId !== "string" || sessionId === "") return undefined;
  const [prefix = ""] = PREFIX.exec(sessionId) ?? [];
  const body = sessionId.slice(prefix.length);
  const lettersAndDigits = body.replace(/[^\da-z]/gi, "");
  const [, symbol] = WHOLE_BODIES.find(([pattern]) => pattern.test(lettersAndDigits)) ?? [];
  if (symbol === undefined && DEFAULT_ID.test(sessionId)) return undefined;
  const symbolOf = (character: string) => {
    if (/\d/.test(character)) return "0";
    return /[a-z]/.test(character) ? "a" : "A";
  };
  const mask = body.replace(/[\da-z]/gi, (character) => symbol ?? symbolOf(character));
  if (bitsOf(mask) < FEWEST_BITS) return undefined;
  return `${prefix}\n${UUID.test(body) ? uuidMask(body, mask) : mask}`;
}

/** Returns the key of a record, in the format of the session ids. No session cookie has it, so it opens no session. */
export function recordKey(form: KeyForm | undefined, grantId: string, purpose: RecordPurpose): string {
  const hash = createHash("sha512").update(`${grantId}\n${purpose}`);
  if (form === undefined) return `discord-${hash.digest("base64url").slice(0, 24)}`;
  const prefix = form.slice(0, form.indexOf("\n"));
  const mask = form.slice(prefix.length + 1);
  const bytes = hash.digest();
  const characters = [...mask].map((symbol, index) => {
    const alphabet = CLASSES[symbol];
    if (!alphabet) return symbol;
    const byte = (bytes[index % bytes.length] ?? 0) + Math.floor(index / bytes.length);
    return alphabet[byte % alphabet.length];
  });
  return prefix + characters.join("");
}

/** Keeps the version and a valid variant (RFC 9562), which databases may check. */
function uuidMask(uuid: string, mask: string): string {
  return `${mask.slice(0, 14)}${uuid[14]}${mask.slice(15, 19)}8${mask.slice(20)}`;
}

/** The number of bits of a hash that fit into a mask. */
function bitsOf(mask: string): number {
  return [...mask].reduce((bits, symbol) => bits + Math.log2(CLASSES[symbol]?.length ?? 1), 0);
}
