import { randomBytes, randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { keyFormOf, type RecordPurpose, recordKey } from "../../../src/grants/record-keys.js";

const GRANT = "AAAAAAAAAAAAAAAAAAAAAAAA";
const PURPOSES: readonly RecordPurpose[] = ["token", "login", "lease", "ended"];

function keyFor(sessionId: unknown, purpose: RecordPurpose = "token", grantId = GRANT): string {
  return recordKey(keyFormOf(sessionId), grantId, purpose);
}

/** Formats of common generators of session ids, and what a database may check. */
const FORMS: readonly (readonly [name: string, sessionId: string, form: RegExp])[] = [
  ["express-session's default", "Zk3vT8mYb1LwKc5RxN7sDf2HpGj9Ue4q", /^discord-[\w-]{24}$/],
  ["express-session's default with a dash", "-k3vT8mYb1LwKc5R_N7sDf2HpGj9Ue4-", /^discord-[\w-]{24}$/],
  ["32 lower-case hexadecimal digits", "9f86d081884c7d659a2feaa0c55ad015", /^[\da-f]{32}$/],
  ["32 upper-case hexadecimal digits", "9F86D081884C7D659A2FEAA0C55AD015", /^[\dA-F]{32}$/],
  ["64 hexadecimal digits", "9f86d081884c7d65".repeat(4), /^[\da-f]{64}$/],
  [
    "a UUID of version 4",
    "f81d4fae-7dec-4b1d-a765-00a0c91e6bf6",
    /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/,
  ],
  [
    "a UUID of version 7",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
    /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/,
  ],
  [
    "a UUID in capitals",
    "F81D4FAE-7DEC-4B1D-A765-00A0C91E6BF6",
    /^[\dA-F]{8}-[\dA-F]{4}-4[\dA-F]{3}-8[\dA-F]{3}-[\dA-F]{12}$/,
  ],
  ["base36", "k5x9w2mz0qv8r3tb7nh1", /^[\da-z]{20}$/],
  ["digits", "80351110224678912803", /^\d{20}$/],
  ["a prefix and 32 characters", "sess:Zk3vT8mYb1LwKc5RxN7sDf2HpGj9Ue4q", /^sess:[\w-]{32}$/],
  ["a prefix and hexadecimal digits", "app.9f86d081884c7d659a2feaa0c55ad015", /^app\.[\da-f]{32}$/],
  [
    "two prefixes and a UUID",
    "eu/web:f81d4fae-7dec-4b1d-a765-00a0c91e6bf6",
    /^eu\/web:[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/,
  ],
];

describe("record keys", () => {
  it.each(FORMS)("a record's key has the form of %s", (_name, sessionId, form) => {
    for (const purpose of PURPOSES) expect(keyFor(sessionId, purpose)).toMatch(form);
  });

  it.each(FORMS)("a record's key is as long as %s", (_name, sessionId) => {
    expect(keyFor(sessionId)).toHaveLength(sessionId.length);
  });

  it.each(FORMS)("each grant and purpose has another key in the form of %s", (_name, sessionId) => {
    const keys = ["A", "B", "C"].flatMap((id) => PURPOSES.map((purpose) => keyFor(sessionId, purpose, id)));
    expect(new Set([...keys, sessionId]).size).toBe(13);
  });

  it("sessions of the same id format have the same record key", () => {
    expect(keyFor(randomUUID())).toBe(keyFor(randomUUID()));
    const hex = () => `sess:a${randomBytes(16).toString("hex")}`;
    expect(keyFor(hex())).toBe(keyFor(hex()));
    const base64url = () => `${randomBytes(23).toString("base64url")}z`;
    expect(keyFor(base64url())).toBe(keyFor(base64url()));
  });

  it("the stored key form reveals nothing of the session id", () => {
    const sessionId = "9f86d081884c7d659a2feaa0c55ad015";
    const form = keyFormOf(sessionId);
    expect(form).toBe(keyFormOf("0a1b2c3d4e5f60718293a4b5c6d7e8f9"));
    expect(form).toBe(`\n${"x".repeat(32)}`);
  });

  it.each([undefined, null, "", 7, {}])(
    "a record's key has the default form if the session id is %j",
    (id) => {
      expect(keyFormOf(id)).toBeUndefined();
      expect(keyFor(id)).toMatch(/^discord-[\w-]{24}$/);
    },
  );

  it.each(["00000042", "k5x9w2", "\u0436".repeat(32), "\u{1f600}".repeat(16)])(
    "a record's key has the default form if the session id has too few letters and digits: %s",
    (id) => {
      expect(keyFor(id)).toMatch(/^discord-[\w-]{24}$/);
    },
  );

  it("a record's key keeps a line break in its place", () => {
    expect(keyFor("a\nk5x9w2mz0qv8r3tb7nh1")).toMatch(/^[a-z]\n[\da-z]{20}$/);
  });

  it("a record's key keeps punctuation in its place", () => {
    expect(keyFor("abc-def_ghi~jkl.mno+pqr=stu|vwx")).toMatch(
      /^[a-z]{3}-[a-z]{3}_[a-z]{3}~[a-z]{3}\.[a-z]{3}\+[a-z]{3}=[a-z]{3}\|[a-z]{3}$/,
    );
  });

  it("a key longer than a hash does not repeat itself", () => {
    const key = keyFor("9f86d081884c7d65".repeat(16));
    expect(key).toHaveLength(256);
    expect(key.slice(0, 64)).not.toBe(key.slice(64, 128));
  });

  it("record keys use their whole alphabet", () => {
    const used = new Set(
      Array.from({ length: 200 }, (_, id) => keyFor("9".repeat(20), "token", `${id}`)).join(""),
    );
    expect([...used].sort().join("")).toBe("0123456789");
  });
});
