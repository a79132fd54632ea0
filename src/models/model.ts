import { isRecord } from "../check-options.js";
import { Permissions } from "../permissions.js";
import { kindOf } from "../shown.js";

/** The maximum depth of a payload, much deeper than Discord's. */
const DEEPEST = 64;
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const ISO_DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/**
 * A value that Discord sent: the payload, and accessors that read it. Accessors never throw. A field that is
 * missing, `null` or of another type than documented reads as `undefined`, or as the default in the accessor's
 * comment.
 */
export abstract class Model<Payload extends object> {
  /**
   * Creates an instance from Discord's payload or from any JSON of the same shape.
   *
   * @param rest - the further arguments of the constructor
   * @throws TypeError like the constructor
   */
  static from<Payload, Rest extends readonly unknown[], Instance>(
    this: new (
      payload: Payload,
      ...rest: Rest
    ) => Instance,
    payload: unknown,
    ...rest: Rest
  ): Instance {
    if (typeof this !== "function")
      throw new TypeError(
        "from must be called on its class, as in payloads.map((payload) => User.from(payload)).",
      );
    return new this(payload as Payload, ...rest);
  }

  /** A deeply frozen copy of what Discord sent, including fields unknown to this library. */
  readonly payload: Readonly<Payload>;

  constructor(payload: Readonly<Payload>) {
    this.payload = frozenCopy(payload);
    Object.defineProperties(this, accessorsOf(Object.getPrototypeOf(this)));
  }

  /** The id. */
  abstract get id(): string | undefined;

  /** Whether the other value is of the same class and has the same id. */
  equals(other: unknown): boolean {
    if (this === other) return true;
    const isSameClass =
      other instanceof Model && Object.getPrototypeOf(this) === Object.getPrototypeOf(other);
    return isSameClass && this.id !== undefined && this.id === other.id;
  }

  /** Returns the payload. */
  toJSON(): Readonly<Payload> {
    return this.payload;
  }

  /**
   * Returns a plain object with the values of the accessors, for tools that do not accept class instances, such as
   * class-transformer. It contains neither the methods nor the payload.
   */
  toObject(): Values<this> {
    const { payload: _, ...values } = this;
    return values as unknown as Values<this>;
  }

  /** Called by `console.log`. */
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string) {
    return `${this.constructor.name} ${inspect(this.toObject(), options)}`;
  }
}

/** The accessors of a model, without its payload and methods. */
export type Values<Instance> = {
  readonly [Name in keyof Instance as Name extends "payload" | symbol
    ? never
    : Instance[Name] extends (...args: never[]) => unknown
      ? never
      : Name]: Instance[Name];
};

const accessors = new WeakMap<object, PropertyDescriptorMap>();

/**
 * Returns the accessors of a class, to define them on its instances: template engines, spread and `structuredClone`
 * read only own properties. All instances share them, so they need no extra memory.
 */
function accessorsOf(prototype: object): PropertyDescriptorMap {
  const cached = accessors.get(prototype);
  if (cached) return cached;
  const found: PropertyDescriptorMap = {};
  for (let part = prototype; part !== Model.prototype; part = Object.getPrototypeOf(part)) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(part))) {
      if (get && !(name in found)) found[name] = { get, enumerable: true, configurable: true };
    }
  }
  accessors.set(prototype, found);
  return found;
}

/**
 * @returns `payload` itself
 * @throws TypeError when it is not an object with an `id` that `isId` accepts
 */
export function requireIdentified<Payload>(
  payload: Payload,
  what: string,
  isId: (id: unknown) => id is string,
): Payload {
  if (isIdentified(payload, isId)) return payload;
  const given = isRecord(payload) ? "an object without one" : kindOf(payload);
  throw new TypeError(
    `${what} must be an object as Discord sends it, with its id as a string, not ${given}.`,
  );
}

/**
 * @returns `payload` itself
 * @throws TypeError when it is not an object
 */
export function requireObject<Payload>(payload: Payload, what: string): Payload {
  if (isRecord(payload)) return payload;
  throw new TypeError(`${what} must be an object as Discord sends it, not ${kindOf(payload)}.`);
}

/**
 * @returns `payload` itself
 * @throws TypeError when it is not a list
 */
export function requireList(payload: unknown, what: string): readonly unknown[] {
  if (Array.isArray(payload)) return payload;
  throw new TypeError(`${what} must be a list as Discord sends it, not ${kindOf(payload)}.`);
}

/**
 * Whether a value is an object with an own `id` that `isId` accepts. Models are not accepted in place of their
 * payload.
 */
export function isIdentified(value: unknown, isId: (id: unknown) => id is string): value is { id: string } {
  return isRecord(value) && !(value instanceof Model) && Object.hasOwn(value, "id") && isId(value["id"]);
}

/** Whether a value is a non-empty string. For ids of other platforms. */
export function isForeignId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Returns `value` if it is a string. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** Returns `value` if it is a finite number. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** Returns `value` if it is a boolean. */
export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** Parses an ISO 8601 string. */
export function dateOf(value: unknown): Date | undefined {
  if (typeof value !== "string" || !ISO_DATE_TIME.test(value)) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Returns the strings in `value` as a new list, which is empty if `value` is not a list. */
export function stringsOf(value: unknown): string[] {
  return listOf(value).filter((part) => typeof part === "string");
}

/** Returns `value` if it is a list, else an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Parses permissions from a decimal string, or from a number (old API versions). */
export function permissionsOf(value: unknown): Permissions | undefined {
  if (typeof value === "string" && /^\d{1,100}$/.test(value)) return new Permissions(value);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return new Permissions(value);
  return undefined;
}

/**
 * Returns a deeply frozen copy. It shares parts that are frozen already, so a payload inside another one is in memory
 * once.
 *
 * @throws TypeError for a value that is nested too deeply
 */
export function frozenCopy<Value>(value: Value, depth = 0): Value {
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) throw new TypeError(`A payload must not be nested more than ${DEEPEST} levels deep.`);
  const parts: [string, unknown][] = Object.entries(value);
  const copies = parts.map(([key, part]) => [key, frozenCopy(part, depth + 1)] as const);
  if (Object.isFrozen(value) && copies.every(([, copy], index) => copy === parts[index]?.[1])) return value;
  return Object.freeze(
    Array.isArray(value) ? copies.map(([, copy]) => copy) : Object.fromEntries(copies),
  ) as Value;
}
