import { describe, expect, it } from "vitest";
import { Deauthorizations } from "../../../src/grants/deauthorizations.js";
import { steppedClock } from "../../support/stepped-clock.js";
import { tokenNo } from "../../support/tokens.js";

const MARGIN_MS = 60_000;

function start() {
  const clock = steppedClock();
  /** A token issued this long from now. */
  const tokenIn = (ms: number) => tokenNo(1, { issuedAt: clock.now() + ms });
  const dateIn = (ms: number) => new Date(clock.now() + ms);
  return { clock, deauthorizations: new Deauthorizations(), tokenIn, dateIn };
}

describe("removals of the app", () => {
  it("a removal just now concerns every token from before, by our own clock", () => {
    const { deauthorizations, tokenIn } = start();
    deauthorizations.add("7", undefined);
    expect([-1000, 0, 1].map((ms) => deauthorizations.concerns(tokenIn(ms)))).toEqual([true, true, false]);
  });

  it("a removal at a time by Discord's clock leaves tokens issued within a minute of it open", () => {
    const { deauthorizations, tokenIn, dateIn } = start();
    deauthorizations.add("7", dateIn(-100_000));
    const offsets = [-MARGIN_MS, -MARGIN_MS + 1, 0, MARGIN_MS, MARGIN_MS + 1];
    expect(offsets.map((ms) => deauthorizations.concerns(tokenIn(ms - 100_000)))).toEqual([
      true,
      undefined,
      undefined,
      undefined,
      false,
    ]);
  });

  it.each(["in the future", "no date"])("a removal at a time that is %s counts as just now", (what) => {
    const { deauthorizations, tokenIn, dateIn } = start();
    deauthorizations.add("7", what === "no date" ? new Date(Number.NaN) : dateIn(1_000_000));
    expect([-MARGIN_MS, 0, MARGIN_MS + 1].map((ms) => deauthorizations.concerns(tokenIn(ms)))).toEqual([
      true,
      undefined,
      false,
    ]);
  });

  it("a revocation leaves tokens open that other processes issued within a minute of it, by their own clocks", async () => {
    const { clock, deauthorizations, tokenIn } = start();
    const since = clock.now();
    await clock.advance(500);
    deauthorizations.addRevocation("7", since);
    const offsets = [-MARGIN_MS - 500, -MARGIN_MS - 499, -1700, 0, MARGIN_MS, MARGIN_MS + 1];
    expect(offsets.map((ms) => deauthorizations.concerns(tokenIn(ms)))).toEqual([
      true,
      undefined,
      undefined,
      undefined,
      undefined,
      false,
    ]);
  });

  it("a removal does not concern tokens of other users, or without a user", () => {
    const { deauthorizations, tokenIn } = start();
    deauthorizations.add("7", undefined);
    expect(deauthorizations.concerns({ ...tokenIn(0), userId: "8" })).toBe(false);
    expect(deauthorizations.concerns({ ...tokenIn(0), userId: undefined })).toBe(false);
  });

  it("a late report of an earlier removal does not replace a newer one", () => {
    const { deauthorizations, tokenIn, dateIn } = start();
    deauthorizations.add("7", undefined);
    deauthorizations.add("7", dateIn(-1000));
    expect(deauthorizations.concerns(tokenIn(1))).toBe(false);
    expect(deauthorizations.concerns(tokenIn(0))).toBe(true);
  });

  it("a token that Discord has confirmed stays valid until the next removal", async () => {
    const { clock, deauthorizations, tokenIn, dateIn } = start();
    const token = tokenIn(0);
    deauthorizations.confirm(token);
    deauthorizations.add("7", dateIn(0));
    expect(deauthorizations.concerns(token)).toBeUndefined();
    deauthorizations.confirm(token);
    expect(deauthorizations.concerns(token)).toBe(false);
    expect(deauthorizations.concerns({ ...token, id: "another sign-in" })).toBeUndefined();

    await clock.advance(10);
    deauthorizations.add("7", dateIn(0));
    expect(deauthorizations.concerns(token)).toBeUndefined();
  });

  it("no token without a user is confirmed", () => {
    const { deauthorizations, tokenIn } = start();
    const { userId: _, ...token } = tokenIn(0);
    deauthorizations.confirm(token);
    expect(deauthorizations.concerns(token)).toBe(false);
  });

  it("after the clock was set back, Discord is asked about each sign-in", async () => {
    const { clock, deauthorizations, tokenIn } = start();
    const former = tokenIn(-1000);
    deauthorizations.add("7", undefined);
    await clock.advance(-3_600_000);
    expect(deauthorizations.concerns(former)).toBeUndefined();
    expect(deauthorizations.concerns(tokenIn(0))).toBeUndefined();
    deauthorizations.confirm(tokenIn(0));
    expect(deauthorizations.concerns(tokenIn(0))).toBe(false);
  });
});
