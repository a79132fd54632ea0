import { onTestFinished } from "vitest";

const SystemDate = Date;
let movedByMs = 0;

/**
 * Moves the time of this process for the rest of one test: for stores that compare with `Date`, session cookies and the
 * browser that keeps them, the simulator, and a library whose clock is a `movableClock`. Timers do not move.
 */
export function moveDate(ms: number): void {
  if (movedByMs === 0) {
    globalThis.Date = MovedDate;
    onTestFinished(() => {
      globalThis.Date = SystemDate;
      movedByMs = 0;
    });
  }
  movedByMs += ms;
}

const now = () => SystemDate.now() + movedByMs;

/** The same class for `instanceof`. Code that stored `Date` earlier reads the system's time. */
const MovedDate = new Proxy(SystemDate, {
  construct: (target, values, newTarget) =>
    Reflect.construct(target, values.length === 0 ? [now()] : values, newTarget),
  get: (target, key, receiver) => (key === "now" ? now : Reflect.get(target, key, receiver)),
  apply: () => new SystemDate(now()).toString(),
});
