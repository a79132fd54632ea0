import { describe, expect, it } from "vitest";
import { isReturnTo, requireReturnTo } from "../../../src/login/addresses.js";

const OWN = "https://app.example";

const SAFE = [
  "/",
  "/a",
  "/a/b?c=d#e",
  "/?next=//evil.example",
  "/a//b",
  "/#//evil.example",
  "/@evil.example",
  "/ä",
  "/%2e",
  "/a%2fb",
];

const UNSAFE: readonly unknown[] = [
  "",
  "a",
  "//evil.example",
  "/\\evil.example",
  "/\\/evil.example",
  "/%2fevil.example",
  "/%2Fevil.example",
  "/%5cevil.example",
  "/\tevil",
  "/\t/evil.example",
  "/\r\nLocation: https://evil.example",
  "/ /evil.example",
  "/.//evil.example",
  "/..//evil.example",
  "/a/..//evil.example",
  "/a/%2e%2e//evil.example",
  "/a\\b",
  "/\u0000",
  "/\u007f",
  "/\udc00",
  "https://app.example/a",
  "https:/evil.example",
  "javascript:alert(1)",
  " /a",
  `/${"a".repeat(1500)}`,
  undefined,
  null,
  5,
  ["/a"],
  new String("/a"),
];

describe("returnTo", () => {
  it.each(SAFE)("returnTo may be %s, which stays on the app's own origin", (value) => {
    expect(isReturnTo(value)).toBe(true);
    expect(requireReturnTo(value)).toBe(value);
    expect(new URL(value, OWN).origin).toBe(OWN);
  });

  it.each(UNSAFE)("returnTo must not be %j", (value) => {
    expect(isReturnTo(value)).toBe(false);
    expect(() => requireReturnTo(value)).toThrow(
      expect.objectContaining({ name: "TypeError", status: 400, code: "invalid_return_to" }),
    );
  });

  it.each(["a", '"', "é", "€", "\u{1f600}"])("returnTo may have 1,500 bytes of JSON: %s", (text) => {
    const bytes = Buffer.byteLength(JSON.stringify(text)) - 2;
    const longest = `/${text.repeat(Math.floor(1497 / bytes))}`;
    expect(isReturnTo(longest)).toBe(true);
    expect(isReturnTo(longest + text)).toBe(false);
  });

  it("the error about returnTo does not repeat its value", () => {
    expect(() => requireReturnTo("//evil.example")).toThrow(/^(?!.*evil)/);
  });
});
