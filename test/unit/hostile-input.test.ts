import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HttpException } from "../../src/errors.js";
import { isReturnTo, requireReturnTo } from "../../src/login/addresses.js";
import { parseCallbackQuery, requireIssuer } from "../../src/login/callback-query.js";
import { parseTokenAnswer } from "../../src/oauth/token-answer.js";
import { createSeal } from "../../src/seal.js";
import { createdAtOf, isSnowflake, requireSnowflake } from "../../src/snowflake.js";
import { CASES } from "../support/cases.js";
import { loginFlows } from "../support/login-flows.js";

const APP = "https://app.example";
const CLIENT_ID = "80351110224678912";

/** Text with characters that attackers like to use. */
const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        "/",
        "\\",
        "//",
        "..",
        ".",
        "@",
        ":",
        "?",
        "#",
        "%2f",
        "%5c",
        "%09",
        "\t",
        "\n",
        "\r",
        " ",
        "\u0000",
        "evil.example",
        "https:",
        "javascript:",
        "a",
        "%",
        "\ud800",
        "％",
        "。",
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join("")),
);

function startFlows(secure: boolean) {
  return loginFlows(createSeal(["a secret of thirty-two characters"], CLIENT_ID), CLIENT_ID, secure);
}

function outcomeOf<T>(task: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: task() };
  } catch (error) {
    return { error };
  }
}

describe("untrusted input", () => {
  it("returnTo leads only to the app's own origin", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((text) => `/${text}`),
        ),
        (given) => {
          const outcome = outcomeOf(() => requireReturnTo(given));
          if ("error" in outcome) {
            expect(outcome.error).toBeInstanceOf(TypeError);
            expect(outcome.error).toMatchObject({ status: 400, code: "invalid_return_to" });
            return;
          }
          for (const base of [APP, `${APP}/auth/callback?x=1`]) expect(new URL(given, base).origin).toBe(APP);
          expect(new URL(new URL(given, APP).pathname, APP).origin).toBe(APP);
        },
      ),
      CASES,
    );
  });

  it("ordinary paths are accepted as returnTo", () => {
    const segment = fc.stringMatching(/^[\w.~-]{1,12}$/).filter((text) => text !== "." && text !== "..");
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 5 }), fc.webQueryParameters(), (segments, query) => {
        expect(isReturnTo(`/${segments.join("/")}?${query}`)).toBe(true);
      }),
      CASES,
    );
  });

  it("the query of a callback is a state with a code or an error, or callback_malformed", () => {
    const names = fc.constantFrom(
      "state",
      "code",
      "error",
      "error_description",
      "iss",
      "state[]",
      "code[0]",
      "STATE",
      "x",
    );
    const pairs = fc.array(fc.tuple(names, fc.oneof(hostile, fc.string({ maxLength: 3000 }))), {
      maxLength: 8,
    });
    const query = fc.oneof(
      hostile.map((text) => `/callback?${text}`),
      pairs.map(
        (list) =>
          `/callback?${list.map(([name, value]) => `${name}=${encodeURIComponent(value.toWellFormed())}`).join("&")}`,
      ),
      hostile,
    );
    fc.assert(
      fc.property(query, (url) => {
        const outcome = outcomeOf(() => parseCallbackQuery(url));
        if ("error" in outcome) {
          expect(outcome.error).toBeInstanceOf(HttpException);
          expect(outcome.error).toMatchObject({ status: 400, code: "callback_malformed" });
          return;
        }
        const { state, answer } = outcome.value;
        expect(state).not.toBe("");
        expect(Object.values(answer)[0]).toBeTypeOf("string");
      }),
      CASES,
    );
  });

  it("no issuer but Discord's is accepted", () => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.webUrl()), (issuer) => {
        fc.pre(issuer !== "https://discord.com");
        expect(outcomeOf(() => requireIssuer(issuer, "https://discord.com"))).toMatchObject({
          error: { status: 400, code: "issuer_mismatch" },
        });
      }),
      CASES,
    );
  });

  it("a made-up or changed login cookie is never opened", () => {
    const flows = startFlows(false);
    const { state, setCookies } = flows.start(undefined, { scopes: ["identify"] });
    const [name = "", sealed = ""] = setCookies[0]?.split(";")[0]?.split("=") ?? [];
    const changed = fc
      .tuple(fc.nat(sealed.length - 1), fc.constantFrom(..."AZaz09-_"))
      .map(([at, character]) => sealed.slice(0, at) + character + sealed.slice(at + 1));

    expect(flows.find(`${name}=${sealed}`, state)?.state).toBe(state);
    fc.assert(
      fc.property(fc.oneof(changed, hostile, fc.base64String()), (value) => {
        const outcome = outcomeOf(() => flows.find(`${name}=${value}`, state));
        if ("value" in outcome)
          expect(Buffer.from(value, "base64url")).toEqual(Buffer.from(sealed, "base64url"));
        else
          expect(outcome.error).toMatchObject({
            status: 400,
            code: expect.stringMatching(/^flow_(invalid|unknown)$/),
          });
      }),
      CASES,
    );
  });

  it("a hostile Cookie header cannot break a login that begins", () => {
    const flows = startFlows(true);
    const header = fc
      .array(fc.tuple(fc.oneof(fc.constant(`__Host-discord-${CLIENT_ID}-abcdefghijkl`), hostile), hostile), {
        maxLength: 6,
      })
      .map((pairs) => pairs.map((pair) => pair.join("=")).join("; "));
    fc.assert(
      fc.property(header, (cookies) => {
        const { state, setCookies } = flows.start(cookies, { scopes: ["identify"] });
        const own = setCookies.at(-1)?.split(";")[0] ?? "";
        expect(flows.find(own, state)?.state).toBe(state);
        for (const cookie of setCookies) expect(cookie).not.toMatch(/[\r\n]/);
      }),
      CASES,
    );
  });

  it("a token response becomes a usable token, or is refused", () => {
    const almost = fc.record(
      {
        access_token: fc.oneof(fc.string(), fc.jsonValue()),
        refresh_token: fc.oneof(fc.string(), fc.jsonValue()),
        expires_in: fc.oneof(fc.double(), fc.integer(), fc.jsonValue()),
        scope: fc.oneof(fc.string(), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(almost, fc.jsonValue()), (answer) => {
        const outcome = outcomeOf(() => parseTokenAnswer(answer));
        if ("error" in outcome) {
          expect(outcome.error).toBeInstanceOf(Error);
          return;
        }
        const { accessToken, refreshToken, scopes, issuedAt, expiresAt } = outcome.value;
        expect(accessToken).toMatch(/^[\x21-\x7e]+$/);
        expect(["string", "undefined"]).toContain(typeof refreshToken);
        expect(scopes.every((scope) => typeof scope === "string")).toBe(true);
        expect(expiresAt).toBeGreaterThan(issuedAt);
        expect(Number.isFinite(new Date(expiresAt).getTime())).toBe(true);
      }),
      CASES,
    );
  });

  it("a snowflake is what fits into 64 bits, and nothing else", () => {
    const given = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 66n }).map(String),
      hostile,
      fc.jsonValue(),
      fc.constantFrom("１２３", "1e3", "0x10", " 1", "1\n", "-1", "+1"),
    );
    fc.assert(
      fc.property(given, (value) => {
        const fits = typeof value === "string" && /^[0-9]{1,20}$/.test(value) && BigInt(value) < 2n ** 64n;
        expect(isSnowflake(value)).toBe(fits);
        const outcome = outcomeOf(() => requireSnowflake(value, "guildId"));
        if (fits) expect(Number.isFinite(createdAtOf(value).getTime())).toBe(true);
        else expect(outcome).toMatchObject({ error: { status: 400, code: "invalid_snowflake" } });
      }),
      CASES,
    );
  });
});
