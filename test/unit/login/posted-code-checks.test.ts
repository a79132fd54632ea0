import { describe, expect, it } from "vitest";
import { requirePostedCode } from "../../../src/login/posted-code-checks.js";

const LETTERS = "azAZ09-._~";
const LONG = LETTERS.repeat(13);

describe("posted codes", () => {
  it.each([
    ["the shortest code", { code: "!" }],
    ["the longest code", { code: "~".repeat(2048) }],
    ["the longest verifier", { code: "a", codeVerifier: LONG.slice(0, 128) }],
    ["the shortest redirect URI", { code: "a", redirectUri: "a:/" }],
    ["the longest redirect URI", { code: "a", redirectUri: `a:${"/".repeat(2000)}` }],
    ["a redirect URI of any characters", { code: "a", redirectUri: 'Com.Example+App-1:!"' }],
  ])("a client may post %s", (_what, options) => {
    expect(() => requirePostedCode(options)).not.toThrow();
  });

  it.each([
    ["an empty code", { code: "" }],
    ["a code with a line break", { code: "a\n" }],
    ["a verifier that is too long", { code: "a", codeVerifier: LONG.slice(0, 129) }],
    ["a verifier that begins with another character", { code: "a", codeVerifier: `/${LONG.slice(0, 43)}` }],
    ["a verifier that ends with another character", { code: "a", codeVerifier: `${LONG.slice(0, 43)}/` }],
    ["a redirect URI of a scheme alone", { code: "a", redirectUri: "a:" }],
    ["a redirect URI that is too long", { code: "a", redirectUri: `a:${"/".repeat(2001)}` }],
    ["a redirect URI that begins with a space", { code: "a", redirectUri: " a:/" }],
    ["a redirect URI that ends with a line break", { code: "a", redirectUri: "a:/\n" }],
    ["a redirect URI that is not a URL", { code: "a", redirectUri: "https://a:b" }],
  ])("a client must not post %s", (_what, options) => {
    expect(() => requirePostedCode(options)).toThrow(expect.objectContaining({ code: "code_malformed" }));
  });
});
