import { describe, expect, it } from "vitest";
import { kindOf, shown } from "../src/shown.js";

describe("a value in an error message", () => {
  it.each([
    ["MANAGE_GUILD", '"MANAGE_GUILD"'],
    ['say "hi"\n', String.raw`"say \"hi\"\n"`],
    ["", '""'],
    ["x".repeat(101), `"${"x".repeat(100)}..."`],
    ["http://user:hunter2@proxy.example:3128", '"http://***@proxy.example:3128"'],
    [80351110224678912n, "80351110224678912"],
    [10n ** 150n, `1${"0".repeat(99)}...`],
    [Number.NaN, "NaN"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [{ token: "secret" }, "an object"],
    [() => "secret", "a function"],
    [Symbol("secret"), "a symbol"],
    [["identify", 5, ["nested"], { token: "secret" }], '["identify", 5, a list of 1, an object]'],
    [Array(11).fill("x"), "a list of 11"],
    [["x".repeat(200)], `["${"x".repeat(98)}...`],
  ])("%s is shown as %s", (value, expected) => {
    expect(shown(value)).toBe(expected);
  });

  it("is not read deeper than its first level", () => {
    const circular: unknown[] = [];
    circular.push(circular);
    expect(shown(circular)).toBe("[a list of 1]");
  });
});

describe("the kind of a secret value", () => {
  it.each([
    ["hunter2", "a string of 7 characters"],
    [5, "a number"],
    [["hunter2"], "a list of 1"],
    [{ password: "hunter2" }, "an object"],
    [null, "null"],
    [undefined, "undefined"],
  ])("%s is described as %s", (value, expected) => {
    expect(kindOf(value)).toBe(expected);
  });
});
