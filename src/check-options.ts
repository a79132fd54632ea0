import { closestName, plainName } from "./closest-name.js";
import { kindOf, shown, shownName } from "./shown.js";

/** What an option may be. */
export interface Kind {
  /** Ends the sentence "It must be ...". */
  readonly wanted: string;
  readonly accepts: (value: unknown) => boolean;
  /** What to do about a value that is not accepted, where that can be told. */
  readonly hint?: ((value: unknown) => string | undefined) | undefined;
  /** Whether messages must not repeat the value. */
  readonly isSecret?: boolean | undefined;
}

/** All options of `T` by name. */
export type Kinds<T> = { readonly [Name in keyof Required<T>]: Kind };

/** What an options object may hold. */
export interface OptionRules<T> {
  /** The function that takes the options, as messages name it: `discordRouter`. */
  readonly of: string;
  /** The options as somebody would write them. */
  readonly example: string;
  readonly kinds: Kinds<T>;
  /** Those that must be there. */
  readonly required?: readonly (keyof T & string)[] | undefined;
  /** Names that other libraries give to an option, in lower case. */
  readonly aliases?: Readonly<Record<string, keyof T & string>> | undefined;
  /**
   * For guards: what is given is a requirement, so `undefined` and an object without any are mistakes. Elsewhere
   * `undefined` is the same as leaving an option out.
   */
  readonly areRequirements?: boolean | undefined;
  /** Whether other names may be there too: a record from somewhere else, such as a database. */
  readonly isOpen?: boolean | undefined;
}

const NONE = Object.freeze({});

/**
 * The one way in which this package checks options: names that do not exist, and values of another kind.
 *
 * @returns what checks an options object and gives it back, `{}` where it was left out; it throws a TypeError that names
 * every mistake and the closest valid name
 */
export function optionsChecker<T extends object>(rules: OptionRules<T>): (options: T | undefined) => T {
  return function checked(options) {
    if (options === undefined && !rules.areRequirements && !rules.required) return NONE as T;
    if (isRequest(options)) throw new TypeError(uncalled(rules.of));
    const mistakes = [...mistakesIn(rules, options)];
    if (mistakes.length > 0) throw new TypeError(`${rules.of}: ${mistakes.join(" ")}`);
    return options as T;
  };
}

/** Every mistake in an options object, as a sentence. */
export function* mistakesIn<T extends object>(
  rules: OptionRules<T>,
  options: unknown,
  prefix = "",
): Generator<string> {
  const { example, aliases, areRequirements, isOpen, required = [] } = rules;
  const kinds: Readonly<Record<string, Kind>> = rules.kinds;
  if (!isRecord(options)) {
    const hasSecrets = Object.values(kinds).some(({ isSecret }) => isSecret);
    yield `${prefix.slice(0, -1) || "The options"} must be an object such as ${example}, not ${hasSecrets ? kindOf(options) : shown(options)}.`;
    return;
  }
  const given = Object.entries(options);
  for (const [name, value] of given) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) {
      if (!isOpen) yield unknownName(name, Object.keys(kinds), aliases, prefix);
    } else if (value === undefined && areRequirements)
      yield `${name} is undefined, which would require nothing: leave it out, or let it be ${kind.wanted}.`;
    else if (value !== undefined && !kind.accepts(value)) yield wrongValue(`${prefix}${name}`, value, kind);
  }
  for (const name of required) {
    if (!given.some(([one, value]) => one === name && (value !== undefined || areRequirements)))
      yield `${prefix}${name} is missing. It must be ${kinds[name]?.wanted}.`;
  }
  if (areRequirements && given.length === 0 && required.length === 0)
    yield `There is nothing in the options: leave them out, or write ${example}.`;
}

/** "timeoutMs must be a number, not ..." */
export function wrongValue(name: string, value: unknown, { wanted, hint, isSecret }: Kind): string {
  const advice = hint?.(value);
  const given = isSecret ? kindOf(value) : shown(value);
  return `${name} must be ${wanted}, not ${given}${advice ? `: ${advice}` : "."}`;
}

/** Whether this is what a middleware is called with: somebody passed a function on that they should have called. */
export function isRequest(value: unknown): boolean {
  return typeof value === "object" && value !== null && "headers" in value && "socket" in value;
}

/** For a function that makes a middleware, and was passed on as if it were one. */
export function uncalled(name: string): string {
  return `${name} was passed on without being called: write ${name}(...) instead of ${name}.`;
}

function unknownName(
  name: string,
  known: readonly string[],
  aliases: Readonly<Record<string, string>> = {},
  prefix: string,
): string {
  const alias = new Map(Object.entries(aliases)).get(plainName(name));
  const meant = alias ?? closestName(name, known);
  return `There is no option ${prefix}${shownName(name)}${meant ? `: did you mean ${prefix}${meant}?` : `. The options are ${known.join(", ")}.`}`;
}

/** Class instances too; no list, Map, promise and the like, whose contents would not be found. */
export function isRecord(value: unknown): value is object {
  return Object.prototype.toString.call(value) === "[object Object]";
}
