import { describe, expect, it } from "vitest";
import { kindOf, shown, shownName } from "../../src/shown.js";

describe("values in messages", () => {
  it.each([
    ["MANAGE_GUILD", '"MANAGE_GUILD"'],
    ['say "hi"\n', String.raw`"say \"hi\"\n"`],
    ["", '""'],
    ["x".repeat(101), `"${"x".repeat(100)}..."`],
    ["http://user:hunter2@proxy.example:3128", '"http://***@proxy.example:3128"'],
    ["\u202egnihtemos", '"\\u202egnihtemos"'],
    ["<script>", '"\\u003cscript>"'],
    [80351110224678912n, "80351110224678912n"],
    [10n ** 150n, "a bigint"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [null, "null"],
    [undefined, "undefined"],
    [{ token: "secret" }, "an object"],
    [() => "secret", "a function"],
    [Symbol("secret"), "a symbol"],
    [Promise.resolve("secret"), "a promise"],
    [["identify", 5, ["nested"], { token: "secret" }], '["identify", 5, [...], an object]'],
    [[1, 2, 3, 4, 5, 6], "[1, 2, 3, 4, 5, ...]"],
  ])("a message shows the value %s as %s", (value, expected) => {
    expect(shown(value)).toBe(expected);
  });
});

describe("secret values in messages", () => {
  it.each([
    ["hunter2", "a string of 7 characters"],
    [5, "a number"],
    [5n, "a bigint"],
    [["hunter2"], "a list of 1"],
    [{ password: "hunter2" }, "an object"],
    [undefined, "undefined"],
  ])("a message describes the secret %s as %s", (value, expected) => {
    expect(kindOf(value)).toBe(expected);
  });
});

it.each([
  ["client_id", "client_id"],
  ["client id", '"client id"'],
  ["x".repeat(51), `"${"x".repeat(51)}"`],
])("a message shows the name %s as %s", (name, expected) => {
  expect(shownName(name)).toBe(expected);
});
