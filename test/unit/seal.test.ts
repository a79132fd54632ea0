import { describe, expect, it } from "vitest";
import { createSeal } from "../../src/seal.js";

const [OLD, NEW] = ["the old secret", "the new secret"];
const CLIENT_ID = "1100000000000000099";

describe("seals", () => {
  const seal = createSeal([NEW], CLIENT_ID);

  it.each(["", "text", "ä \u{1f600} \u0000", "x".repeat(100_000)])(
    "a sealed text can be opened again: $0",
    (text) => {
      const sealed = seal.seal("flow", "name", text);

      expect(sealed).toMatch(/^[\w-]+$/);
      expect(seal.open("flow", "name", sealed)).toBe(text);
    },
  );

  it("the same text is never sealed to the same bytes", () => {
    const sealed = new Set(Array.from({ length: 100 }, () => seal.seal("flow", "name", "text")));

    expect(sealed.size).toBe(100);
  });

  it("a text sealed for another purpose or context, or by another application, is not opened", () => {
    const sealed = seal.seal("flow", "name", "text");

    expect(seal.open("grant", "name", sealed)).toBeUndefined();
    expect(seal.open("flow", "other name", sealed)).toBeUndefined();
    expect(createSeal([NEW], "1").open("flow", "name", sealed)).toBeUndefined();
  });

  it("a seal that was changed anywhere is not opened", () => {
    const bytes = Buffer.from(seal.seal("flow", "name", "text"), "base64url");

    for (const index of bytes.keys()) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(index) ^ 1, index);
      expect(seal.open("flow", "name", changed.toString("base64url"))).toBeUndefined();
    }
  });

  it("a seal that was cut short or made up is not opened", () => {
    const sealed = seal.seal("flow", "name", "text");

    for (const length of sealed.split("").keys()) {
      expect(seal.open("flow", "name", sealed.slice(0, length))).toBeUndefined();
    }
    expect(seal.open("flow", "name", "ä".repeat(100))).toBeUndefined();
  });

  it("the newest secret seals, and every secret opens", () => {
    const rotated = createSeal([NEW, OLD], CLIENT_ID);
    const sealedBefore = createSeal([OLD], CLIENT_ID).seal("grant", "id", "old text");

    expect(rotated.open("grant", "id", sealedBefore)).toBe("old text");
    expect(seal.open("grant", "id", rotated.seal("grant", "id", "text"))).toBe("text");
    expect(seal.open("grant", "id", sealedBefore)).toBeUndefined();
  });

  it("a seal needs a secret", () => {
    expect(() => createSeal([], CLIENT_ID).seal("flow", "name", "text")).toThrow(TypeError);
    expect(createSeal([], CLIENT_ID).open("flow", "name", seal.seal("flow", "name", "text"))).toBeUndefined();
  });
});
