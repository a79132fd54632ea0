import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { beforeEnd } from "../../../src/login/before-end.js";
import { createGate } from "../../support/gate.js";
import { quiet, steppedClock } from "../../support/stepped-clock.js";

/** A response, and what the wait for its end has come to. */
function start(over = () => Promise.resolve()) {
  const clock = steppedClock();
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  const state = { isEnding: false };
  const wait = async () => {
    await beforeEnd(res, over);
    state.isEnding = true;
  };
  return { clock, res, state, wait };
}

describe("waiting for the end of a response", () => {
  it("a callback waits for the app to end its response, and holds it back until the login is complete", async () => {
    const over = createGate();
    const { clock, res, state, wait } = start(() => over.opened);
    const waiting = wait();
    await clock.advance(20_000);
    expect(state.isEnding).toBe(false);
    res.end("done");
    await waiting;
    expect([state.isEnding, res.writableEnded]).toEqual([true, false]);
    over.open();
    await quiet();
    expect(res.writableEnded).toBe(true);
  });

  it.each([
    ["30 seconds if the response does not end", 30_000, () => undefined],
    ["five seconds if its visitor has gone", 5000, (res: ServerResponse) => void res.emit("close")],
  ])("a callback waits for the end of the response no longer than %s", async (_what, ms, act) => {
    const { clock, res, state, wait } = start();
    const waiting = wait();
    act(res);
    await clock.advance(ms - 1);
    expect(state.isEnding).toBe(false);
    await clock.advance(1);
    await waiting;
    expect(state.isEnding).toBe(true);
  });

  it("there is no wait for the end of a response that has ended", async () => {
    const { res, state, wait } = start(() => new Promise(() => undefined));
    res.end();
    await wait();
    expect(state.isEnding).toBe(true);
  });

  it("a response that cannot be sent closes the connection and is a warning, not an unhandled rejection", async () => {
    const { res, wait } = start();
    const warnings: Error[] = [];
    const collect = (warning: Error) => void warnings.push(warning);
    process.on("warning", collect);
    onTestFinished(() => void process.off("warning", collect));
    void wait();
    res.end(7 as unknown as string);
    await quiet();
    expect(res.destroyed).toBe(true);
    expect(warnings).toMatchObject([{ code: "ERR_INVALID_ARG_TYPE" }]);
  });

  it("a response with an invalid status is the caller's error, and may be replaced", async () => {
    const { res, state, wait } = start();
    void wait();
    res.statusCode = 1000;
    expect(() => res.end("done")).toThrow(RangeError);
    await quiet();
    expect([state.isEnding, res.headersSent]).toEqual([false, false]);
    res.statusCode = 500;
    res.end("failed");
    await quiet();
    expect([state.isEnding, res.writableEnded]).toEqual([true, true]);
  });

  it("a second end of the response does not overtake the first", async () => {
    const over = createGate();
    const { res, wait } = start(() => over.opened);
    void wait();
    res.end("done");
    res.end();
    await quiet();
    expect(res.writableEnded).toBe(false);
    over.open();
    await quiet();
    expect(res.writableEnded).toBe(true);
  });
});
