import { Permissions } from "../permissions.js";
import { kindOf } from "../shown.js";

/** How deep a payload may be nested: far deeper than Discord's are. */
const DEEPEST = 64;
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const ISO_DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

/**
 * A value that Discord sent: the payload and accessors that read from it. Whatever the payload holds, no accessor throws;
 * what is missing, `null` or of another type than documented reads as `undefined`, or as the default its comment names.
 */
export abstract class Model<Payload extends object> {
  /**
   * From what Discord answered, or from any JSON of that shape.
   *
   * @param rest - what the constructor takes besides the payload
   * @throws TypeError when the payload is nothing this class can be made of: see the constructor
   */
  static from<Payload, Rest extends readonly unknown[], Instance>(
    this: new (
      payload: Payload,
      ...rest: Rest
    ) => Instance,
    payload: unknown,
    ...rest: Rest
  ): Instance {
    return new this(payload as Payload, ...rest);
  }

  /** What Discord sent, fields unknown to this library included: a copy, frozen all the way down. */
  readonly payload: Readonly<Payload>;

  constructor(payload: Readonly<Payload>) {
    this.payload = frozenCopy(payload, 0);
    Object.defineProperties(this, accessorsOf(Object.getPrototypeOf(this)));
  }

  /** Which one of its kind this is. */
  abstract get id(): string | undefined;

  /** Whether the other value is of the same class and has the same id. */
  equals(other: unknown): boolean {
    if (this === other) return true;
    return (
      other instanceof Model && isSameClass(this, other) && this.id !== undefined && this.id === other.id
    );
  }

  /** The payload, as Discord sent it. */
  toJSON(): Readonly<Payload> {
    return this.payload;
  }

  /**
   * A plain object with what the accessors read now, by the same names: for what takes no class instances, such as
   * class-transformer. Methods and the payload are not in it.
   */
  toObject(): Values<this> {
    const { payload: _, ...values } = this;
    return values as unknown as Values<this>;
  }

  /** What `console.log` shows. */
  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string) {
    return `${this.constructor.name} ${inspect(this.toObject(), options)}`;
  }
}

/** The accessors of a model by name, without its payload and methods. */
export type Values<Instance> = {
  readonly [Name in keyof Instance as Name extends "payload" | symbol
    ? never
    : Instance[Name] extends (...args: never[]) => unknown
      ? never
      : Name]: Instance[Name];
};

const accessors = new WeakMap<object, PropertyDescriptorMap>();

/**
 * The accessors of a class, to be an instance's own properties as well: template engines, spread and `structuredClone` see no
 * others. They are shared by all instances, which take no more memory for them.
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
  const given = isObject(payload) ? "an object without one" : kindOf(payload);
  throw new TypeError(
    `${what} must be an object as Discord sends it, with its id as a string, not ${given}.`,
  );
}

/**
 * @returns `payload` itself
 * @throws TypeError when it is not an object
 */
export function requireObject<Payload>(payload: Payload, what: string): Payload {
  if (isObject(payload)) return payload;
  throw new TypeError(`${what} must be an object as Discord sends it, not ${kindOf(payload)}.`);
}

/** Whether this is an object with an `id` of its own that `isId` accepts, and not a model, whose payload was meant. */
export function isIdentified(value: unknown, isId: (id: unknown) => id is string): value is { id: string } {
  return (
    isObject(value) &&
    !(value instanceof Model) &&
    Object.hasOwn(value, "id") &&
    "id" in value &&
    isId(value.id)
  );
}

/** Whether this is any string but the empty one: the ids of other services than Discord. */
export function isForeignId(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

/** Whether this is a JSON object, not a list and not `null`. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `value`, if it is a string. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** `value`, if it is a finite number. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** `value`, if it is a boolean. */
export function booleanOf(value: unknown): boolean | undefined {
  return typeof value === "boolean" ? value : undefined;
}

/** The time that an ISO 8601 string names. */
export function dateOf(value: unknown): Date | undefined {
  if (typeof value !== "string" || !ISO_DATE_TIME.test(value)) return undefined;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** The strings in `value`: a new list, empty if it is none. */
export function stringsOf(value: unknown): string[] {
  return listOf(value).filter((part) => typeof part === "string");
}

/** `value`, if it is a list, else an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The permissions that a decimal string (or a number, as old versions of the API have it) means. */
export function permissionsOf(value: unknown): Permissions | undefined {
  if (typeof value === "string" && /^\d+$/.test(value)) return new Permissions(value);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return new Permissions(value);
  return undefined;
}

function isSameClass(one: object, other: object): boolean {
  return Object.getPrototypeOf(one) === Object.getPrototypeOf(other);
}

// Parts that are frozen already are shared: a payload inside another one is kept in memory once.
function frozenCopy<Value>(value: Value, depth: number): Value;
function frozenCopy(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > DEEPEST) throw new TypeError(`A payload must not be nested more than ${DEEPEST} levels deep.`);
  const parts = Object.entries(value).map(([key, part]) => [key, frozenCopy(part, depth + 1), part] as const);
  if (Object.isFrozen(value) && parts.every(([, copy, part]) => copy === part)) return value;
  return Object.freeze(
    Array.isArray(value)
      ? parts.map(([, copy]) => copy)
      : Object.fromEntries(parts.map(([key, copy]) => [key, copy])),
  );
}
