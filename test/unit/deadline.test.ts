import { describe, expect, it, onTestFinished } from "vitest";
import { replaceClock } from "../../src/clock.js";
import { DeadlinePassed, withDeadline } from "../../src/deadline.js";

/** Blocks every timer and socket of this process, as if it were frozen. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("deadlines", () => {
  it("a task that takes too long is given up, and a late success is reported", async () => {
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

  it("a deadline that fires late is extended by its delay", async () => {
    const late = withDeadline(10, new Promise((resolve) => setTimeout(resolve, 150, "in time")));
    block(120);
    expect(await late).toBe("in time");
  });

  it("a deadline never sets a timer to a negative time, even if it fires a fraction of a millisecond early", async () => {
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

  it("a deadline that fires very late is extended by a second at most", async () => {
    const never = withDeadline(10, new Promise(() => {}));
    block(1200);
    const thawedAt = performance.now();
    await expect(never).rejects.toBeInstanceOf(DeadlinePassed);
    expect(performance.now() - thawedAt).toBeLessThan(1150);
  });
});
