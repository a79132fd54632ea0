import { describe, expect, it } from "vitest";
import { AccessDenied } from "../../../src/errors.js";
import { authorizationError, parseCallbackQuery, requireIssuer } from "../../../src/login/callback-query.js";

const ISSUER = "https://discord.com";

describe("callback queries", () => {
  it.each([
    ["/callback?code=c&state=s", { state: "s", issuer: undefined, answer: { code: "c" } }],
    ["?state=s&code=c&iss=https%3A%2F%2Fdiscord.com", { state: "s", issuer: ISSUER, answer: { code: "c" } }],
    ["/?state=s&error=e", { state: "s", issuer: undefined, answer: { error: "e", description: undefined } }],
    [
      "/?state=s&error=e&error_description=d+d",
      { state: "s", issuer: undefined, answer: { error: "e", description: "d d" } },
    ],
    [
      "/?state=s&error=e&error_description=&code=c",
      { state: "s", issuer: undefined, answer: { error: "e", description: undefined } },
    ],
    ["/?state=s&error=&code=c", { state: "s", issuer: undefined, answer: { code: "c" } }],
    ["/?state=s&code=c&iss=", { state: "s", issuer: "", answer: { code: "c" } }],
    ["/?state=s&code=c?d", { state: "s", issuer: undefined, answer: { code: "c?d" } }],
    ["/?state=s&code=c&other=1&other=2&guild_id=3", { state: "s", issuer: undefined, answer: { code: "c" } }],
    [
      `/?state=s&code=${"c".repeat(2048)}`,
      { state: "s", issuer: undefined, answer: { code: "c".repeat(2048) } },
    ],
  ])("the callback query $0 is read", (url, wanted) => {
    expect(parseCallbackQuery(url)).toEqual(wanted);
  });

  it.each([
    ["", "has no state"],
    ["/code=c&state=s", "has no state"],
    ["/?code=c", "has no state"],
    ["/?state=s", "has neither a code nor an error"],
    ["/?state=s&code=c&code=c", "repeats code"],
    ["/?state=s&code=c&error_description=a&error_description=b", "repeats error_description"],
    [`/?state=s&code=${"c".repeat(2049)}`, "has a code that is too long"],
    [`/?state=s&code=c&x=${"x".repeat(8192)}`, "is too long"],
    [`/${"x".repeat(9000)}`, "is too long"],
  ])("the callback query $0 is malformed", (url, why) => {
    expect(() => parseCallbackQuery(url)).toThrow(
      expect.objectContaining({
        code: "callback_malformed",
        status: 400,
        message: expect.stringContaining(`This callback ${why}, so`),
      }),
    );
  });
});

describe("the issuer of a callback", () => {
  it("the issuer may be missing or the expected one", () => {
    expect(() => requireIssuer(undefined, ISSUER)).not.toThrow();
    expect(() => requireIssuer(ISSUER, ISSUER)).not.toThrow();
  });

  it.each(["https://evil.example", "https://discord.com/", "https://DISCORD.com", ""])(
    "the issuer must not be %j",
    (given) => {
      expect(() => requireIssuer(given, ISSUER)).toThrow(
        expect.objectContaining({
          code: "issuer_mismatch",
          status: 400,
          message: expect.stringContaining(ISSUER),
        }),
      );
    },
  );
});

describe("errors in a callback", () => {
  it("the error access_denied is AccessDenied", () => {
    const error = authorizationError({ error: "access_denied", description: "The user said no." });

    expect(error).toBeInstanceOf(AccessDenied);
    expect(error).toMatchObject({ error: "access_denied", description: "The user said no.", status: 403 });
  });

  it("other errors of a callback keep their description, cut to a length", () => {
    const named = authorizationError({ error: "invalid_scope", description: undefined });
    const long = authorizationError({ error: "e".repeat(2000), description: "d".repeat(2000) });

    expect(named).not.toBeInstanceOf(AccessDenied);
    expect(named.message).toBe('Discord rejected the login with "invalid_scope".');
    expect(named).not.toHaveProperty("description");
    expect(long.message.length).toBeLessThan(500);
  });
});
