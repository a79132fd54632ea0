import { describe, expect, it, vi } from "vitest";
import { replaceClock } from "../../../src/clock.js";
import { Lease, type LeaseSettings } from "../../../src/grants/lease.js";
import { createSeal } from "../../../src/seal.js";
import { createGate, type Gate } from "../../support/gate.js";
import { quiet, steppedClock } from "../../support/stepped-clock.js";

const SEAL = createSeal(["a secret of thirty-two characters."], "1100000000000000099");
const GRANT = "AAAAAAAAAAAAAAAAAAAAAAAA";
const DURATION_MS = 6000;

const nothing = () => undefined;
const never = async () => false;

/** The storage of a lease, the same for every process. */
class SharedRecord {
  sealed: string | undefined;
  writes = 0;
  reads = 0;
  warnings = 0;
  /** The next write waits for this. */
  gate: Gate | undefined;
  /** The result of the next read is delayed until this opens. */
  readGate: Gate | undefined;
  onRead: () => string | undefined = () => this.sealed;
  onWrite: (sealed: string) => void = (sealed) => {
    this.sealed = sealed;
  };

  warnOnce(_code: string, _message: string): void {
    this.warnings += 1;
  }

  async read(_key: string): Promise<string | undefined> {
    this.reads += 1;
    const { readGate } = this;
    this.readGate = undefined;
    const sealed = this.onRead();
    await readGate?.opened;
    return sealed;
  }

  async write(_key: string, sealed: string, lifetimeMs: number): Promise<void> {
    expect(lifetimeMs).toBe(DURATION_MS);
    this.writes += 1;
    const { gate } = this;
    this.gate = undefined;
    await gate?.opened;
    this.onWrite(sealed);
  }
}

function startLease(store: LeaseSettings["store"], owner: string): Lease {
  return new Lease({ store, seal: SEAL, leaseMs: DURATION_MS, owner }, "key", GRANT);
}

/** The leases of two processes on one grant. */
function startTwo() {
  const record = new SharedRecord();
  return {
    record,
    here: startLease(record, "here"),
    there: startLease(record, "there"),
    clock: steppedClock(),
  };
}

/** A watched promise. */
function watch<T>(promise: Promise<T>) {
  const watched = { isOver: false, promise };
  void promise.finally(() => {
    watched.isOver = true;
  });
  return watched;
}

describe("leases", () => {
  it("a free lease takes two reads and one write to acquire", async () => {
    const { record, here, there, clock } = startTwo();
    expect(await clock.until(here.acquire(nothing, never))).toBe(true);
    expect([record.reads, record.writes]).toEqual([2, 1]);
    expect(await there.holder()).toMatchObject({ durationMs: DURATION_MS });
    expect(await here.holder()).toBeUndefined();
  });

  it("a process can acquire its own lease again", async () => {
    const { here, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    expect(await clock.until(here.acquire(nothing, never))).toBe(true);
  });

  it("a process waits for a lease until the other process releases it", async () => {
    const { here, there, clock } = startTwo();
    await clock.until(there.acquire(nothing, never));
    const onWait = vi.fn();
    const acquiring = watch(here.acquire(onWait, never));
    await clock.advance(1000);
    expect(acquiring.isOver).toBe(false);
    expect(onWait).toHaveBeenCalledOnce();

    await there.release();
    expect(await here.holder()).toBeUndefined();
    expect(await clock.until(acquiring.promise)).toBe(true);
    expect(await there.holder()).toMatchObject({ durationMs: DURATION_MS });
  });

  it("a process waits no longer than a lease's duration if its holder has died", async () => {
    const { here, there, clock } = startTwo();
    await clock.until(there.acquire(nothing, never));
    const acquiring = watch(here.acquire(nothing, never));
    await clock.advance(DURATION_MS - 200);
    expect(acquiring.isOver).toBe(false);
    await clock.advance(400);
    expect(await acquiring.promise).toBe(true);
  });

  it("a process waits for a lease as long as its holder renews it", async () => {
    const { here, there, clock } = startTwo();
    await clock.until(there.acquire(nothing, never));
    const work = createGate();
    const working = there.during(() => work.opened);
    const acquiring = watch(here.acquire(nothing, never));
    await clock.advance(5 * DURATION_MS);
    expect(acquiring.isOver).toBe(false);

    work.open();
    await working;
    await there.release();
    expect(await clock.until(acquiring.promise)).toBe(true);
  });

  it("a process gives up waiting for a lease once there is nothing left to do", async () => {
    const { record, here, there, clock } = startTwo();
    await clock.until(there.acquire(nothing, never));
    const { writes } = record;
    let isSettled = false;
    const acquiring = watch(here.acquire(nothing, async () => isSettled));
    await clock.advance(1000);
    expect(acquiring.isOver).toBe(false);
    isSettled = true;
    await clock.advance(200);
    expect(await acquiring.promise).toBe(false);
    expect(record.writes).toBe(writes);
  });

  it("a lease that two processes write at once belongs to the later writer, and the other waits", async () => {
    const { here, there, clock } = startTwo();
    const [early, late] = [here, there].map((lease) => watch(lease.acquire(nothing, never)));
    await clock.advance(1000);
    expect([early?.isOver, late?.isOver]).toEqual([false, true]);
    await there.release();
    expect(await clock.until(early?.promise ?? Promise.reject())).toBe(true);
  });

  it("a process waits for one that found the lease free earlier, and writes its own later", async () => {
    const { record, here, there, clock } = startTwo();
    const slow = createGate();
    record.gate = slow;
    const late = watch(there.acquire(nothing, never));
    const early = watch(here.acquire(nothing, never));
    await quiet();
    expect(record.writes).toBe(2);

    slow.open();
    await clock.advance(1000);

    expect([early.isOver, late.isOver]).toEqual([false, true]);
    await there.release();
    expect(await clock.until(early.promise)).toBe(true);
  });

  it("a process allows others as long to write the lease as its own write took", async () => {
    const { record, here, there, clock } = startTwo();
    const [slow, slower] = [createGate(), createGate()];
    record.gate = slow;
    const early = watch(here.acquire(nothing, never));
    await quiet();
    record.gate = slower;
    const late = watch(there.acquire(nothing, never));
    await clock.advance(400);
    slow.open();
    await clock.advance(390);
    expect(early.isOver).toBe(false);

    slower.open();
    await clock.advance(1000);

    expect([early.isOver, late.isOver]).toEqual([false, true]);
    await there.release();
    expect(await clock.until(early.promise)).toBe(true);
  });

  it("a process waits for a lease that another one acquired while its own read was delayed", async () => {
    const { record, here, there, clock } = startTwo();
    const delayed = createGate();
    record.readGate = delayed;
    const late = watch(there.acquire(nothing, never));
    await clock.until(here.acquire(nothing, never));

    delayed.open();
    await clock.advance(1000);

    expect([late.isOver, record.writes]).toEqual([false, 1]);
    await here.release();
    expect(await clock.until(late.promise)).toBe(true);
  });

  it("a process that was frozen while it wrote its lease goes on after a quarter of a lease's duration", async () => {
    const { record, here, clock } = startTwo();
    const frozen = createGate();
    record.gate = frozen;
    const acquiring = watch(here.acquire(nothing, never));
    await clock.advance(3_600_000);
    frozen.open();
    await clock.advance(DURATION_MS / 4 + 100);
    expect(acquiring.isOver).toBe(true);
  });

  it("a process that was frozen until its lease expired does not warn that the store lost it", async () => {
    const { record, here } = startTwo();
    let time = 0;
    const sleep = async () => {
      time += DURATION_MS;
    };
    replaceClock({ now: () => time, sleep });
    record.onRead = nothing;
    expect(await here.acquire(nothing, never)).toBe(true);
    expect(record.warnings).toBe(0);
  });

  it("a process waits for a lease that another one acquires during its pause", async () => {
    const { record, here, there, clock } = startTwo();
    await clock.until(there.acquire(nothing, never));
    await there.release();
    const { sealed: released, onWrite } = record;
    record.onWrite = () => {
      record.sealed = released;
      record.onWrite = onWrite;
    };
    const acquiring = watch(here.acquire(nothing, never));
    await quiet();
    await clock.until(there.acquire(nothing, never));
    await clock.advance(1000);
    expect(acquiring.isOver).toBe(false);
    await there.release();
    expect(await clock.until(acquiring.promise)).toBe(true);
  });

  it("a lease takes few writes to acquire if reads lag half a second behind", async () => {
    const { record, here, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    await here.release();
    const { sealed: released, writes } = record;
    const laggingUntil = clock.now() + 500;
    // Without an end, a loop that does not wait would hang the test.
    const read = () => (record.reads < 100 ? released : undefined);
    record.onRead = () => (clock.now() < laggingUntil ? read() : record.sealed);
    expect(await clock.until(here.acquire(nothing, never))).toBe(true);
    expect(record.writes - writes).toBeLessThanOrEqual(4);
    expect(record.warnings).toBe(0);
  });

  it("a process goes on without a lease, and warns, if the store only ever returns one that was released", async () => {
    const { record, here, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    await here.release();
    const { sealed: released } = record;
    record.reads = 0;
    record.onRead = () => (record.reads < 100 ? released : undefined);
    expect(await clock.until(here.acquire(nothing, never))).toBe(true);
    expect([record.reads, record.warnings]).toEqual([8, 1]);
  });

  it("tryAcquire does not wait for a lease", async () => {
    const { record, here, there, clock } = startTwo();
    expect(await clock.until(there.tryAcquire())).toBe(true);
    const { writes } = record;
    expect(await clock.until(here.tryAcquire())).toBe(false);
    expect(record.writes).toBe(writes);
    await there.release();
    expect(await clock.until(here.tryAcquire())).toBe(true);
  });

  it("tryAcquire does not let a lease settle, so a serverless host is less likely to freeze it halfway", async () => {
    const { record, here, there } = startTwo();
    const acquiring = watch(here.tryAcquire());
    await quiet();
    expect(acquiring.isOver).toBe(true);
    expect(await there.holder()).toMatchObject({ sealed: record.sealed });
  });

  it("a lease is free if something else is stored under its key", async () => {
    const { record, here, clock } = startTwo();
    for (const sealed of ["", "made up", SEAL.seal("lease", "another grant", `process ${DURATION_MS}`)]) {
      record.sealed = sealed;
      expect(await here.holder()).toBeUndefined();
      expect(await clock.until(here.acquire(nothing, never))).toBe(true);
    }
  });

  it("a lease is renewed after 100 ms and then every 300 ms while a task runs", async () => {
    const { record, here, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    const work = createGate();
    const working = here.during(() => work.opened.then(() => "done"));
    const writes: number[] = [];
    for (const ms of [99, 1, 299, 1, 300]) {
      await clock.advance(ms);
      writes.push(record.writes);
    }
    expect(writes).toEqual([1, 2, 2, 3, 4]);
    work.open();
    expect(await working).toBe("done");
    await clock.advance(1000);
    expect(record.writes).toBe(4);
  });

  it("a lease is not renewed for ever if its task never ends", async () => {
    const { record, here, clock } = startTwo();
    void here.during(() => new Promise(nothing));
    await clock.advance(600_000);
    expect(record.writes).toBe(2000);

    await clock.advance(600_000);

    expect(record.writes).toBe(2000);
  });

  it("a process whose task outlasts its lease does not release the lease that another process has by then", async () => {
    const { record, here, there, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    const work = createGate();
    const working = here.during(() => work.opened);
    await clock.advance(600_000);
    const waiting = there.acquire(nothing, never);
    await clock.advance(2 * DURATION_MS);
    expect(await waiting).toBe(true);

    work.open();
    await working;
    await here.release();

    expect(await here.holder()).toMatchObject({ sealed: record.sealed });
  });

  it("a process whose task outlasted its lease releases the lease that it acquires next", async () => {
    const { here, there, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    const work = createGate();
    const working = here.during(() => work.opened);
    await clock.advance(600_000 + 2 * DURATION_MS);
    work.open();
    await working;

    await clock.until(here.acquire(nothing, never));
    await here.release();

    expect(await there.holder()).toBeUndefined();
  });

  it("a lease is not renewed after its task has failed", async () => {
    const { record, here, clock } = startTwo();
    await expect(here.during(() => Promise.reject(new Error("Discord is down.")))).rejects.toThrow(
      "Discord is down.",
    );
    await clock.advance(1000);
    expect(record.writes).toBe(0);
  });

  it("no renewal of a lease is in flight when its task is over, however slow the store is", async () => {
    const { record, here, there, clock } = startTwo();
    await clock.until(here.acquire(nothing, never));
    const slow = createGate();
    record.gate = slow;
    const work = createGate();
    const working = watch(here.during(() => work.opened));
    await clock.advance(1000);
    work.open();
    await quiet();
    expect(working.isOver).toBe(false);

    slow.open();
    await working.promise;
    await here.release();
    await quiet();
    expect(await there.holder()).toBeUndefined();
  });
});

describe("stores without leases", () => {
  it.each<readonly [string, Partial<Pick<SharedRecord, "onRead" | "onWrite">>]>([
    [
      "rejects leases",
      {
        onWrite: () => {
          throw new Error("The key is too long.");
        },
      },
    ],
    ["loses leases", { onWrite: nothing }],
  ])("a store that %s does not block a refresh, and causes a warning", async (_how, behaviour) => {
    const record = Object.assign(new SharedRecord(), behaviour);
    const lease = startLease(record, "here");
    for (const _ of [1, 2]) {
      expect(await lease.acquire(nothing, never)).toBe(true);
      await lease.release();
    }
    expect(await lease.tryAcquire()).toBe(true);
    expect(record.warnings).toBeGreaterThan(0);
  });

  it("a store that never answers writes of a lease delays a refresh by a quarter of the lease's duration", async () => {
    const { record, here, clock } = startTwo();
    record.gate = createGate();
    const acquiring = watch(here.acquire(nothing, never));
    await clock.advance(DURATION_MS / 4);
    expect(await acquiring.promise).toBe(true);
    expect(record.warnings).toBe(1);
  });

  it("a store whose leases cannot be read does not block a refresh", async () => {
    const record = new SharedRecord();
    record.onRead = () => {
      throw new Error("Not connected.");
    };
    const lease = startLease(record, "here");
    expect(await lease.acquire(nothing, never)).toBe(true);
    expect(await lease.holder()).toBeUndefined();
  });
});
