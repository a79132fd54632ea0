import { describe, expect, it, onTestFinished } from "vitest";
import { replaceClock } from "../../src/clock.js";
import { DeadlinePassed, withDeadline } from "../../src/deadline.js";

/** Holds up every timer and socket of this process, as being frozen does. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("a deadline", () => {
  it("gives up a task that takes too long, and tells when it succeeds after all", async () => {
    let finish = () => {};
    const task = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const error = await withDeadline(10, task).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DeadlinePassed);
    const succeeded = new Promise((resolve) => (error as DeadlinePassed).onSuccess(() => resolve("late")));
    finish();
    expect(await succeeded).toBe("late");
  });

  it("that fires late gives as much time again", async () => {
    const late = withDeadline(10, new Promise((resolve) => setTimeout(resolve, 150, "in time")));
    block(120);
    expect(await late).toBe("in time");
  });

  it("never sets a timer to a negative time when it fires a fraction of a millisecond early", async () => {
    const times: number[] = [];
    let elapsed = 0;
    replaceClock({
      elapsed: () => elapsed,
      startTimer(ms, callback) {
        times.push(ms);
        elapsed = 9.3;
        setImmediate(callback);
        return () => {};
      },
    });
    onTestFinished(() => replaceClock());
    await expect(withDeadline(10, new Promise(() => {}))).rejects.toBeInstanceOf(DeadlinePassed);
    expect(times).toEqual([10, 0]);
  });

  it("that fires very late gives no more than a second again", async () => {
    const never = withDeadline(10, new Promise(() => {}));
    block(1200);
    const thawedAt = performance.now();
    await expect(never).rejects.toBeInstanceOf(DeadlinePassed);
    expect(performance.now() - thawedAt).toBeLessThan(1150);
  });
});
