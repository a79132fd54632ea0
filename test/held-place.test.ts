import { describe, expect, it } from "vitest";
import type { Token } from "../src/grants/grant.js";
import { heldPlace } from "../src/grants/held-place.js";

function tokenNo(number: number): Token {
  return { id: "A", accessToken: `access ${number}`, scopes: [], issuedAt: number, expiresAt: number + 1 };
}

const [FIRST, SECOND, THIRD] = [tokenNo(1), tokenNo(2), tokenNo(3)] as const;

describe("a grant in the hands of the caller", () => {
  it("is what it was given", async () => {
    const place = heldPlace(FIRST);
    expect(await place.read()).toBe(FIRST);
    expect(await place.readAgain()).toBe(FIRST);
    expect(place.claim).toBeUndefined();
  });

  it("is replaced, and its holder told", async () => {
    const told: (Token | undefined)[] = [];
    const place = heldPlace(FIRST, (token) => void told.push(token));
    expect(await place.replace(FIRST, SECOND)).toBe(SECOND);
    expect(await place.read()).toBe(SECOND);
    expect(told).toEqual([SECOND]);
  });

  it("is replaced by nothing that comes too late", async () => {
    const told: (Token | undefined)[] = [];
    const place = heldPlace(FIRST, (token) => void told.push(token));
    await place.replace(FIRST, SECOND);
    expect(await place.replace(FIRST, THIRD)).toBe(SECOND);
    await place.end();
    expect(await place.replace(SECOND, THIRD)).toBeUndefined();
    expect(await place.read()).toBeUndefined();
    expect(told).toEqual([SECOND, undefined]);
  });

  it("needs nobody who is told", async () => {
    const place = heldPlace(FIRST);
    expect(await place.replace(FIRST, SECOND)).toBe(SECOND);
    await place.end();
    expect(await place.readAgain()).toBeUndefined();
  });

  it("is told of again when its holder could not take it in", async () => {
    const told: (Token | undefined)[] = [];
    let isFailing = true;
    const place = heldPlace(FIRST, async (token) => {
      if (isFailing) throw new Error("The database is out of order.");
      told.push(token);
    });
    await expect(place.replace(FIRST, SECOND)).rejects.toThrow("out of order");
    await expect(place.read()).rejects.toThrow("out of order");
    isFailing = false;
    expect(await Promise.all([place.read(), place.readAgain()])).toEqual([SECOND, SECOND]);
    expect(told).toEqual([SECOND]);
    expect(await place.replace(SECOND, THIRD)).toBe(THIRD);
  });

  it("is told of in order, also while its holder is slow", async () => {
    const told: (Token | undefined)[] = [];
    const place = heldPlace(FIRST, async (token) => {
      await new Promise((resolve) => setImmediate(resolve));
      told.push(token);
    });
    await Promise.all([place.replace(FIRST, SECOND), place.replace(SECOND, THIRD), place.end()]);
    expect(told.at(-1)).toBeUndefined();
    expect(await place.read()).toBeUndefined();
  });
});
