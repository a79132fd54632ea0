import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { beforeEnd } from "../../../src/login/before-end.js";
import { createGate } from "../../support/gate.js";
import { quiet, steppedClock } from "../../support/stepped-clock.js";

/** A response whose task counts how often it runs. */
function start() {
  const clock = steppedClock();
  const res = new ServerResponse(new IncomingMessage(new Socket()));
  const counted = { runs: 0 };
  const task = async () => {
    counted.runs += 1;
  };
  return { clock, res, task, counted };
}

describe("tasks before the end of a response", () => {
  it("beforeEnd runs its task once, before the response ends", async () => {
    const { clock, res, task, counted } = start();
    const over = createGate();
    const done = beforeEnd(res, task, () => over.opened);
    await clock.advance(20_000);
    expect(counted.runs).toBe(0);
    res.end("done");
    await done;
    expect([counted.runs, res.writableEnded]).toEqual([1, false]);
    over.open();
    await quiet();
    expect(res.writableEnded).toBe(true);
    res.emit("close");
    await clock.advance(60_000);
    expect(counted.runs).toBe(1);
  });

  it.each([
    ["30 seconds if the response does not end", 30_000, () => undefined],
    ["five seconds if its visitor has gone", 5000, (res: ServerResponse) => void res.emit("close")],
  ])("beforeEnd waits no longer than %s", async (_what, ms, act) => {
    const { clock, res, task, counted } = start();
    const done = beforeEnd(res, task, () => Promise.resolve());
    act(res);
    await clock.advance(ms - 1);
    expect(counted.runs).toBe(0);
    await clock.advance(1);
    await done;
    expect(counted.runs).toBe(1);
  });

  it("beforeEnd runs its task at once if the response has ended", async () => {
    const { res, task, counted } = start();
    res.end();
    await beforeEnd(res, task, () => new Promise(() => undefined));
    expect(counted.runs).toBe(1);
  });

  it("a response that cannot be sent closes the connection and is a warning, not an unhandled rejection", async () => {
    const { res, task } = start();
    const warnings: Error[] = [];
    const collect = (warning: Error) => void warnings.push(warning);
    process.on("warning", collect);
    onTestFinished(() => void process.off("warning", collect));
    void beforeEnd(res, task, () => Promise.resolve());
    res.end(7 as unknown as string);
    await quiet();
    expect(res.destroyed).toBe(true);
    expect(warnings).toMatchObject([{ code: "ERR_INVALID_ARG_TYPE" }]);
  });

  it("a response with an invalid status is the caller's error, and may be replaced", async () => {
    const { res, task, counted } = start();
    void beforeEnd(res, task, () => Promise.resolve());
    res.statusCode = 1000;
    expect(() => res.end("done")).toThrow(RangeError);
    expect([counted.runs, res.headersSent]).toEqual([0, false]);
    res.statusCode = 500;
    res.end("failed");
    await quiet();
    expect([counted.runs, res.writableEnded]).toEqual([1, true]);
  });

  it("a second end of the response does not overtake the first", async () => {
    const { res, task } = start();
    const over = createGate();
    void beforeEnd(res, task, () => over.opened);
    res.end("done");
    res.end();
    await quiet();
    expect(res.writableEnded).toBe(false);
    over.open();
    await quiet();
    expect(res.writableEnded).toBe(true);
  });
});
