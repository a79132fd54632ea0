import { describe, expect, it } from "vitest";
import { InFlight } from "../../../src/grants/in-flight.js";
import { createGate } from "../../support/gate.js";
import { steppedClock } from "../../support/stepped-clock.js";

const PATIENCE_MS = 1000;

/** Work that ends when the test says so. */
function start() {
  const clock = steppedClock();
  const gate = createGate();
  let begin: (inMs: number) => void = () => undefined;
  const work = new InFlight(
    PATIENCE_MS,
    () => new Error("Too slow."),
    (beginning) => {
      begin = beginning;
      return gate.opened.then(() => "done");
    },
  );
  /** The state of a waiting request. It is still waiting if nothing has happened. */
  const wait = () => {
    const waiting = { outcome: "waits" };
    work.wait().then(
      (value) => {
        waiting.outcome = value;
      },
      (error: Error) => {
        waiting.outcome = error.message;
      },
    );
    return waiting;
  };
  return { clock, work, wait, begin: (inMs: number) => begin(inMs), finish: gate.open };
}

describe("work in flight", () => {
  it("all callers that wait for the same work get one outcome, including late ones", async () => {
    const { clock, wait, finish } = start();
    const waiting = [wait(), wait()];
    finish();
    await clock.advance(0);
    const late = wait();
    await clock.advance(0);
    expect([...waiting, late].map(({ outcome }) => outcome)).toEqual(["done", "done", "done"]);
  });

  it("the time limit of waiting starts only when the work asks Discord", async () => {
    const { clock, wait, begin } = start();
    const waiting = wait();
    await clock.advance(100 * PATIENCE_MS);
    expect(waiting.outcome).toBe("waits");
    begin(0);
    await clock.advance(PATIENCE_MS - 1);
    expect(waiting.outcome).toBe("waits");
    await clock.advance(1);
    expect(waiting.outcome).toBe("Too slow.");
  });

  it("each request waits equally long, counted from its own arrival", async () => {
    const { clock, wait, begin } = start();
    begin(0);
    const first = wait();
    await clock.advance(600);
    const second = wait();
    await clock.advance(400);
    expect([first.outcome, second.outcome]).toEqual(["Too slow.", "waits"]);
    await clock.advance(600);
    expect(second.outcome).toBe("Too slow.");
  });

  it("a request waits longer if Discord asks for a pause, and for another one", async () => {
    const { clock, wait, begin } = start();
    begin(0);
    const waiting = wait();
    await clock.advance(500);
    begin(2000);
    await clock.advance(2400);
    begin(600);
    await clock.advance(600 + PATIENCE_MS - 1);
    expect(waiting.outcome).toBe("waits");
    await clock.advance(1);
    expect(waiting.outcome).toBe("Too slow.");
  });

  it("work in flight goes on after those who waited have given up", async () => {
    const { clock, work, wait, begin, finish } = start();
    begin(0);
    const impatient = wait();
    await clock.advance(PATIENCE_MS);
    const patient = wait();
    finish();
    await work.over;
    await clock.advance(0);
    expect([impatient.outcome, patient.outcome]).toEqual(["Too slow.", "done"]);
  });

  it("work that fails is over, and reports why", async () => {
    const work = new InFlight(
      PATIENCE_MS,
      () => new Error("Too slow."),
      () => Promise.reject(new Error("Discord is down.")),
    );
    await expect(work.over).resolves.toBeUndefined();
    await expect(work.wait()).rejects.toThrow("Discord is down.");
  });
});
