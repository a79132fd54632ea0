import { closestName, plainName } from "./closest-name.js";
import { kindOf, shown, shownName } from "./shown.js";

/** The values that an option accepts. */
export interface Kind {
  /** Completes the sentence "It must be ...". */
  readonly wanted: string;
  readonly accepts: (value: unknown) => boolean;
  /** Returns advice for a value that is not accepted, if there is any. */
  readonly hint?: ((value: unknown) => string | false | undefined) | undefined;
  /** Whether the value may be a secret, which messages must not repeat. */
  readonly isSecret?: boolean | undefined;
}

/** The kind of each option of `T`. */
export type Kinds<T> = { readonly [Name in keyof Required<T>]: Kind };

/** The rules for an options object. */
export interface OptionRules<T> {
  /** The function that takes the options, for messages: `discordRouter`. */
  readonly of: string;
  /** What messages call the object. Default: "The options". */
  readonly noun?: string | undefined;
  /** An example of the options, for messages. */
  readonly example: string;
  readonly kinds: Kinds<T>;
  /** The required options. */
  readonly required?: readonly (keyof T & string)[] | undefined;
  /** Names of options in other libraries, in lower case, for "did you mean". */
  readonly aliases?: Readonly<Record<string, keyof T & string>> | undefined;
  /**
   * For guards, whose options are requirements: `undefined` and an empty object are mistakes, because they would
   * require nothing. Without this, `undefined` is the same as a missing option.
   */
  readonly areRequirements?: boolean | undefined;
  /** Whether the function makes a middleware. Express passes a request to it if it is mounted without being called. */
  readonly makesMiddleware?: boolean | undefined;
  /** Whether unknown names are allowed, for objects from elsewhere, such as a database. */
  readonly isOpen?: boolean | undefined;
}

const NONE = Object.freeze({});

/**
 * Creates a function that checks an options object for unknown names and invalid values.
 *
 * @returns a function that returns the options, or `{}` for `undefined`. It throws a TypeError that lists every
 * mistake, with the closest valid names
 */
export function optionsChecker<T extends object>(rules: OptionRules<T>): (options: T | undefined) => T {
  return function checked(options) {
    if (options === undefined && !rules.areRequirements && !rules.required) return NONE as T;
    if (rules.makesMiddleware) requireCalled(rules.of, options);
    const mistakes = [...mistakesIn(rules, options)];
    if (mistakes.length > 0) throw new TypeError(`${rules.of}: ${mistakes.join(" ")}`);
    return options as T;
  };
}

/** Yields every mistake in an options object, as a sentence. */
export function* mistakesIn<T extends object>(
  rules: OptionRules<T>,
  options: unknown,
  prefix = "",
): Generator<string> {
  const { noun = "The options", example, aliases, areRequirements, isOpen, required = [] } = rules;
  const kinds: Readonly<Record<string, Kind>> = rules.kinds;
  const exchange = nameInExchange(options);
  if (!isRecord(options) || exchange) {
    const hasSecrets = Object.values(kinds).some(({ isSecret }) => isSecret);
    yield `${prefix.slice(0, -1) || noun} must be an object such as ${example}, not ${exchange ?? (hasSecrets ? kindOf(options) : shown(options))}.`;
    return;
  }
  const entries = Object.entries(options);
  for (const [name, value] of entries) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      if (!isOpen) yield unknownName(name, Object.keys(kinds), aliases, prefix);
    } else if (value === undefined && areRequirements)
      yield `${name} is undefined, which would require nothing: leave it out, or pass ${kind.wanted}.`;
    else if (value !== undefined && !kind.accepts(value)) yield wrongValue(`${prefix}${name}`, value, kind);
  }
  for (const name of required) {
    if (!entries.some(([one, value]) => one === name && (value !== undefined || areRequirements)))
      yield `${prefix}${name} is missing. It must be ${kinds[name]?.wanted}.`;
  }
  if (areRequirements && entries.length === 0 && required.length === 0)
    yield `The options are empty: leave them out, or pass ${example}.`;
}

/** Returns a sentence such as "timeoutMs must be a number, not ..." */
export function wrongValue(name: string, value: unknown, { wanted, hint, isSecret }: Kind): string {
  const advice = hint?.(value);
  const actual = isSecret ? kindOf(value) : shown(value);
  return `${name} must be ${wanted}, not ${actual}${advice ? `: ${advice}` : "."}`;
}

/** @returns `value` @throws TypeError unless it is of this kind */
export function requireKind<T>(name: string, value: T, kind: Kind): T {
  if (kind.accepts(value)) return value;
  throw new TypeError(wrongValue(name, value, kind));
}

/** Returns "the request" or "the response" for a value that is one, for messages. */
export function nameInExchange(value: unknown): string | undefined {
  // Responses have `headers` too on Bun.
  if (hasMethods(value, "setHeader")) return "the response";
  return isRequest(value) ? "the request" : undefined;
}

/** @throws TypeError if the argument is a request: the function that makes a middleware was itself passed to Express */
export function requireCalled(name: string, argument: unknown): void {
  if (!isRequest(argument)) return;
  throw new TypeError(
    `${name} was passed to Express without being called: write ${name}(...) instead of ${name}.`,
  );
}

function isRequest(value: unknown): boolean {
  return typeof value === "object" && value !== null && "headers" in value && "socket" in value;
}

function unknownName(
  name: string,
  valid: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
  prefix: string,
): string {
  const alias = new Map(Object.entries(aliases)).get(plainName(name));
  const closest = alias ?? closestName(name, valid);
  return `There is no option ${prefix}${shownName(name)}${closest ? `: did you mean ${prefix}${closest}?` : `. The options are ${valid.join(", ")}.`}`;
}

/** Whether a value has these methods. */
export function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return names.every((name) => name in value && typeof value[name as keyof typeof value] === "function");
}

/** Whether a value is a JSON object or a class instance; not an array, Map, promise or the like. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return Object.prototype.toString.call(value) === "[object Object]";
}
