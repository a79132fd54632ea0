import { describe, expect, it } from "vitest";
import { heldToken } from "../../../src/grants/held-token.js";
import type { Token } from "../../../src/grants/token.js";
import { createGate } from "../../support/gate.js";
import { tokenNo } from "../../support/tokens.js";

const INTERNAL = "internal";
const [FIRST, SECOND, THIRD] = [tokenNo(1), tokenNo(2), tokenNo(3)] as const;

const internal = (token: Token) => ({ ...token, id: INTERNAL });

/** A caller that takes note of what it is told, and may fail to. */
function startHolder() {
  const holder = { told: [] as (readonly [next: Token | undefined, former: Token])[], isFailing: false };
  const storage = heldToken(FIRST, INTERNAL, async (next, former) => {
    if (holder.isFailing) throw new Error("The database is out of order.");
    holder.told.push([next, former]);
  });
  return { holder, storage };
}

describe("a token that the caller holds", () => {
  it("is what was given, under the id that this process knows it by", async () => {
    const storage = heldToken(FIRST, INTERNAL);
    expect(await storage.read()).toEqual({ token: internal(FIRST) });
    expect(storage).toMatchObject({ id: INTERNAL, isShared: false, isHeldByCaller: true });
  });

  it("is replaced, and its holder is told with the id that it gave", async () => {
    const { holder, storage } = startHolder();
    await storage.write(internal(SECOND));
    expect(await storage.read()).toEqual({ token: internal(SECOND) });
    await storage.delete();
    expect(await storage.read()).toBeUndefined();
    expect(holder.told).toEqual([
      [SECOND, FIRST],
      [undefined, SECOND],
    ]);
  });

  it("needs nobody who is told", async () => {
    const storage = heldToken(FIRST, INTERNAL);
    await storage.write(internal(SECOND));
    expect(await storage.read()).toEqual({ token: internal(SECOND) });
    await storage.delete();
    expect(await storage.read()).toBeUndefined();
  });

  it("is told of once by all who read it after its holder could not take it", async () => {
    const { holder, storage } = startHolder();
    holder.isFailing = true;
    await expect(storage.write(internal(SECOND))).rejects.toThrow("out of order");
    await expect(storage.read()).rejects.toThrow("out of order");
    holder.isFailing = false;
    await Promise.all([storage.read(), storage.read()]);
    expect(holder.told).toEqual([[SECOND, FIRST]]);
  });

  it("is told of as it is by then, when its holder missed pairs in between", async () => {
    const { holder, storage } = startHolder();
    holder.isFailing = true;
    await expect(storage.write(internal(SECOND))).rejects.toThrow("out of order");
    holder.isFailing = false;
    await storage.write(internal(THIRD));
    expect(holder.told).toEqual([[THIRD, FIRST]]);
  });

  it("that has ended has no pair that its holder would be told of", async () => {
    const { holder, storage } = startHolder();
    await storage.delete();
    await storage.write(internal(SECOND));
    expect(holder.told).toEqual([[undefined, FIRST]]);
  });

  it("is told of in order, also while its holder is slow", async () => {
    const gate = createGate();
    const told: (Token | undefined)[] = [];
    const storage = heldToken(FIRST, INTERNAL, async (next) => {
      await gate.opened;
      told.push(next);
    });
    const changes = [storage.write(internal(SECOND)), storage.write(internal(THIRD)), storage.delete()];
    gate.open();
    await Promise.all(changes);
    expect(told).toEqual([SECOND, undefined]);
    expect(await storage.read()).toBeUndefined();
  });
});
