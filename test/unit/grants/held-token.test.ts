import { describe, expect, it } from "vitest";
import { heldToken } from "../../../src/grants/held-token.js";
import type { Token } from "../../../src/grants/token.js";
import { createGate } from "../../support/gate.js";
import { tokenNo } from "../../support/tokens.js";

const INTERNAL = "internal";
const [FIRST, SECOND, THIRD] = [tokenNo(1), tokenNo(2), tokenNo(3)] as const;

const internal = (token: Token) => ({ ...token, id: INTERNAL });

/** A caller that stores the pairs it gets. Storing can be made to fail. */
function startHolder() {
  const holder = { told: [] as (readonly [next: Token | undefined, former: Token])[], isFailing: false };
  const storage = heldToken(FIRST, INTERNAL, async (next, former) => {
    if (holder.isFailing) throw new Error("The database is out of order.");
    holder.told.push([next, former]);
  });
  return { holder, storage };
}

describe("held tokens", () => {
  it("a held token reads as it was passed, under the id that this process knows it by", async () => {
    const storage = heldToken(FIRST, INTERNAL);
    expect(await storage.read()).toEqual({ token: internal(FIRST) });
    expect(storage).toMatchObject({ id: INTERNAL, isHeldByCaller: true });
  });

  it("a refresh replaces a held token, and tells its holder with the holder's id", async () => {
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

  it("a held token works without a callback for new pairs", async () => {
    const storage = heldToken(FIRST, INTERNAL);
    await storage.write(internal(SECOND));
    expect(await storage.read()).toEqual({ token: internal(SECOND) });
    await storage.delete();
    expect(await storage.read()).toBeUndefined();
  });

  it("every later reader reports a pair that the holder could not store", async () => {
    const { holder, storage } = startHolder();
    holder.isFailing = true;
    await expect(storage.write(internal(SECOND))).rejects.toThrow("out of order");
    await expect(storage.read()).rejects.toThrow("out of order");
    holder.isFailing = false;
    await Promise.all([storage.read(), storage.read()]);
    expect(holder.told).toEqual([[SECOND, FIRST]]);
  });

  it("a holder that missed several pairs is told the newest", async () => {
    const { holder, storage } = startHolder();
    holder.isFailing = true;
    await expect(storage.write(internal(SECOND))).rejects.toThrow("out of order");
    holder.isFailing = false;
    await storage.write(internal(THIRD));
    expect(holder.told).toEqual([[THIRD, FIRST]]);
  });

  it("a held token that has ended has no pair to report", async () => {
    const { holder, storage } = startHolder();
    await storage.delete();
    await storage.write(internal(SECOND));
    expect(holder.told).toEqual([[undefined, FIRST]]);
  });

  it("new pairs are reported in order, even to a slow holder", async () => {
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
