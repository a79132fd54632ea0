import { isRecord, type Kind } from "./check-options.js";
import { meantScope } from "./scopes.js";
import { shown } from "./shown.js";
import { isSnowflake } from "./snowflake.js";

/** Any value: it is checked where it is used, or not at all. */
export const ANYTHING: Kind = { wanted: "anything", accepts: () => true };

export const BOOLEAN: Kind = { wanted: "true or false", accepts: (value) => typeof value === "boolean" };

export const FUNCTION: Kind = { wanted: "a function", accepts: (value) => typeof value === "function" };

export const STRING: Kind = { wanted: "a string", accepts: (value) => typeof value === "string" };

/** A text of limited length. Counts characters like Discord: an emoji is one character. */
export function textOf(shortest: number, longest: number): Kind {
  const lengthOf = (value: unknown) => (typeof value === "string" ? [...value].length : -1);
  return {
    wanted: `a string of ${shortest} to ${longest} characters`,
    accepts: (value) => lengthOf(value) >= shortest && lengthOf(value) <= longest,
    hint: (value) => lengthOf(value) > longest && `it has ${lengthOf(value)}.`,
  };
}

/** An application's Ed25519 public key. */
export const PUBLIC_KEY: Kind = {
  wanted: "the application's public key, as the developer portal shows it: 64 hexadecimal characters",
  accepts: (value) => typeof value === "string" && /^[\da-f]{64}$/i.test(value),
  // The value may be the client secret or the bot token, pasted by mistake.
  isSecret: true,
};

/** The id of an account in the app's own database. It must fit into a login's cookie. */
export const ACCOUNT_ID: Kind = {
  wanted: "the id of an account of yours, a string of 1 to 200 characters",
  accepts: (value) =>
    typeof value === "string" && value !== "" && value.length <= 200 && value.isWellFormed(),
  hint: (value) => {
    if (typeof value === "number" || typeof value === "bigint") return "write String(id).";
    if (value === null || value === "") return "for visitors without an account, pass undefined.";
    return value instanceof Promise ? "fetch the account beforehand." : undefined;
  },
};

/** Milliseconds. Infinity means no limit. */
export const DURATION: Kind = {
  wanted: "a number of milliseconds, 0 or more",
  accepts: (value) => typeof value === "number" && value >= 0,
};

/** A list of any values. */
export const LIST: Kind = { wanted: "a list", accepts: (value) => Array.isArray(value) };

export const SCOPES: Kind = {
  wanted: 'a list of scopes such as ["identify", "guilds"]',
  accepts: (value) => isScopeList(value) && !value.some(meantScope),
  hint(value) {
    if (isScopeList(value)) return meantScopes(value);
    const isJoined =
      Array.isArray(value) && value.some((one) => typeof one === "string" && one.includes(","));
    return isJoined ? "write each scope as a string of its own." : undefined;
  },
};

/** A list of at least one id. */
export const SOME_IDS: Kind = {
  wanted: 'a list of ids such as ["80351110224678912"]',
  accepts: (value) => Array.isArray(value) && value.length > 0 && value.every(isSnowflake),
  hint: (value) => Array.isArray(value) && value.length === 0 && "nobody could meet that.",
};

/** A path below the mount point, as a browser sends it; `false` switches the route off. */
export const PATH_OR_FALSE: Kind = {
  wanted: 'a path such as "/login", or false',
  accepts: (value) =>
    value === false || (typeof value === "string" && /^(?:\/(?!:)[\w.~!$&'()+,;=:@%-]*)+$/.test(value)),
  hint: (value) =>
    typeof value === "string" &&
    value.startsWith("/") &&
    "queries, parameters and wildcards do not work here, and other characters must be percent-encoded.",
};

/** A path or URL to redirect a visitor to. */
export const ADDRESS: Kind = {
  wanted: 'a path or URL such as "/me"',
  accepts: (value) =>
    isVisibleAscii(value) && URL.canParse(value, value.startsWith("/") ? "https://a.invalid" : undefined),
  hint: (value) =>
    typeof value === "string" && /^\w[\w/-]*$/.test(value) && `begin it with a slash, "/${value}".`,
};

/** A path or URL to redirect a visitor to; `false` means no redirect. */
export const ADDRESS_OR_FALSE: Kind = {
  ...ADDRESS,
  wanted: `${ADDRESS.wanted}, or false`,
  accepts: (value) => value === false || ADDRESS.accepts(value),
};

/** A plain object. Not `Headers`, Maps and the like, which would be read as empty. */
export const RECORD: Kind = {
  wanted: "a plain object",
  accepts: isRecord,
};

/** One of these values. */
export function oneOf(...values: readonly (string | number)[]): Kind {
  return {
    wanted: values.length > 2 ? `one of ${values.join(", ")}` : values.map(shown).join(" or "),
    accepts: (value) => values.some((one) => one === value),
  };
}

function isScopeList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every(isScope);
}

/** Returns advice such as "did you mean identify and guilds?" for misspelt scopes. */
export function meantScopes(scopes: readonly string[]): string | undefined {
  const meant = scopes.map(meantScope).filter((scope) => scope !== undefined);
  return meant.length > 0 ? `did you mean ${meant.join(" and ")}?` : undefined;
}

/** Whether a value may be an OAuth scope. No scope of Discord's contains a comma. */
export function isScope(value: unknown): value is string {
  return isVisibleAscii(value) && !value.includes(",");
}

/** Whether a value is a valid token or secret: ASCII without spaces and control characters, not empty. */
export function isVisibleAscii(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
}
