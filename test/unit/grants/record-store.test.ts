import { runInNewContext } from "node:vm";
import { MemoryStore } from "express-session";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { replaceClock } from "../../../src/clock.js";
import { HttpException } from "../../../src/errors.js";
import {
  besideSessions,
  inTokenStore,
  onLateWrite,
  type RecordStore,
  type SessionStore,
} from "../../../src/grants/record-store.js";
import { movableClock } from "../../support/clock.js";
import { createGate } from "../../support/gate.js";
import { observe, SharedStore } from "../../support/memory-store.js";

const KEY = "discord-AAAAAAAAAAAAAAAAAAAAAAAA";
const DEADLINE_MS = 1000;
const NOW = 1_700_000_000_000;

type Answer = (error?: unknown, value?: never) => void;

/** A session store that answers each call as configured. */
function answering(answer: (callback: Answer) => unknown): SessionStore {
  return {
    get: (_key, callback) => answer(callback),
    set: (_key, _session, callback) => answer(callback),
    touch: (_key, _session, callback) => answer(callback),
    destroy: (_key, callback) => answer(callback),
  };
}

/** A session store that records its calls. */
function recording() {
  const calls: (readonly [call: string, key: string, session: unknown])[] = [];
  const store: SessionStore = {
    get: (_key, callback) => callback(),
    set(key, session, callback) {
      calls.push(["set", key, session]);
      callback();
    },
    touch(key, session, callback) {
      calls.push(["touch", key, session]);
      callback();
    },
    destroy: (_key, callback) => callback(),
  };
  return { store, calls };
}

function everyCall(records: RecordStore): readonly (readonly [call: string, outcome: Promise<unknown>])[] {
  return [
    ["read", records.read(KEY)],
    ["write", records.write(KEY, "sealed", 1)],
    ["touch", records.touch(KEY, "sealed", 1)],
    ["delete", records.delete(KEY)],
  ];
}

/** An error of another realm, such as a test runner's or a worker's. */
function foreignError(fields: object): unknown {
  return runInNewContext("Object.assign(new Error('No such file.'), fields)", { fields });
}

describe("records in the session store", () => {
  it("records in the session store are written, read and deleted under their key", async () => {
    const { store, content } = observe(new MemoryStore());
    const records = besideSessions(store, DEADLINE_MS);
    expect(await records.read(KEY)).toBeUndefined();
    await records.write(KEY, "sealed", 5000);
    expect(await records.read(KEY)).toBe("sealed");
    expect(Object.keys(await content())).toEqual([KEY]);
    await records.delete(KEY);
    expect(await records.read(KEY)).toBeUndefined();
  });

  it.each(["write", "touch"] as const)(
    "each %s of a record gives the session store the cookie of a session",
    async (action) => {
      const { store, calls } = recording();
      replaceClock({ now: () => NOW });
      await besideSessions(store, DEADLINE_MS)
        [action](KEY, "sealed", 5000)
        .finally(() => replaceClock());
      const call = action === "write" ? "set" : "touch";
      const cookie = {
        originalMaxAge: 5000,
        maxAge: 5000,
        expires: new Date(NOW + 5000),
        _expires: new Date(NOW + 5000),
        path: "/",
        httpOnly: true,
      };
      expect(calls).toStrictEqual([[call, KEY, { cookie, grant: "sealed" }]]);
    },
  );

  it("the cookie of a record says null if the session ends with the browser", async () => {
    const { store, calls } = recording();
    await besideSessions(store, DEADLINE_MS).write(KEY, "sealed", undefined);
    expect(calls).toMatchObject([
      ["set", KEY, { cookie: { originalMaxAge: null, maxAge: null, expires: null } }],
    ]);
  });

  it("records are not extended if the store has no touch", async () => {
    const { store, calls } = recording();
    const { touch: _, ...without } = store;
    await besideSessions(without, DEADLINE_MS).touch(KEY, "sealed", 5000);
    expect(calls).toEqual([]);
  });

  it.each([null, undefined])("a record is missing if the session store calls back with %j", async (value) => {
    const store = answering((callback) => callback(null, value as never));
    expect(await besideSessions(store, DEADLINE_MS).read(KEY)).toBeUndefined();
  });

  it.each([{}, { grant: 1 }, { cookie: {} }, "text", 7])(
    "a record is unreadable if the session store has %j",
    async (value) => {
      const store = answering((callback) => callback(null, value as never));
      expect(await besideSessions(store, DEADLINE_MS).read(KEY)).toBe("");
    },
  );

  it("records are shared with other processes, except in a MemoryStore that only one instance uses", () => {
    const memory = new MemoryStore();
    const records = besideSessions(memory, DEADLINE_MS);
    expect(records.isShared).toBe(false);
    besideSessions(memory, DEADLINE_MS);
    expect(records.isShared).toBe(true);
    expect(besideSessions(new SharedStore(), DEADLINE_MS).isShared).toBe(true);
  });
});

describe("session stores with promises", () => {
  it("a store's promise of undefined does not count as its answer, which comes by callback", async () => {
    const store = answering(async (callback) => {
      setImmediate(() => setImmediate(() => callback(null, { grant: "sealed" } as never)));
    });
    expect(await besideSessions(store, DEADLINE_MS).read(KEY)).toBe("sealed");
  });

  it("a store's promise of undefined does not make a failed write succeed", async () => {
    const store = answering(async (callback) => {
      setImmediate(() => callback(new Error("The disk is full.")));
    });
    for (const [call, outcome] of everyCall(besideSessions(store, DEADLINE_MS)))
      await expect(outcome, call).rejects.toMatchObject({ code: "store_failed" });
  });

  it("a store's rejected promise counts at once, although nothing calls back", async () => {
    const store = answering(() => Promise.reject(new Error("Not connected.")));
    for (const [call, outcome] of everyCall(besideSessions(store, 60_000)))
      await expect(outcome, call).rejects.toMatchObject({
        code: "store_failed",
        cause: { message: "Not connected." },
      });
  });

  it("a promise rejected after the answer changes nothing", async () => {
    const store = answering((callback) => {
      callback(null, { grant: "sealed" } as never);
      return Promise.reject(new Error("Too late."));
    });
    expect(await besideSessions(store, DEADLINE_MS).read(KEY)).toBe("sealed");
  });
});

describe("failing session stores", () => {
  it.each<readonly [string, (callback: Answer) => unknown]>([
    ["calls back with an error", (callback) => callback(new Error("Out of order."))],
    ["calls back with an error of another realm", (callback) => callback(foreignError({ code: "EIO" }))],
    ["calls back with a text", (callback) => callback("Out of order.")],
    [
      "throws",
      () => {
        throw new Error("Not connected.");
      },
    ],
    ["never answers", () => undefined],
  ])("a failure keeps its cause if the session store %s", async (_how, answer) => {
    const calls = everyCall(besideSessions(answering(answer), 20)).map(async ([call, outcome]) => {
      const error = await outcome.catch((reason: unknown) => reason);
      expect(error, call).toBeInstanceOf(HttpException);
      expect(error, call).toMatchObject({ code: "store_failed", status: 503, cause: expect.anything() });
    });
    await Promise.all(calls);
  });

  it.each(["open", "read", "stat", "access", "unlink"])(
    "a record is missing if the system call %s finds no file",
    async (syscall) => {
      for (const error of [
        Object.assign(new Error("No such file."), { code: "ENOENT", syscall }),
        foreignError({ code: "ENOENT", syscall }),
      ]) {
        const store = answering((callback) => callback(error));
        expect(await besideSessions(store, DEADLINE_MS).read(KEY)).toBeUndefined();
      }
    },
  );

  it.each([
    ["a database's socket is missing", { code: "ENOENT", syscall: "connect", address: "/run/redis.sock" }],
    ["a missing program could not be started", { code: "ENOENT", syscall: "spawn redis" }],
    ["nothing says what was missing", { code: "ENOENT" }],
    ["a file may not be read", { code: "EACCES", syscall: "open" }],
  ])("the store has failed, and may still have the record, if %s", async (_what, fields) => {
    for (const error of [Object.assign(new Error("Missing."), fields), foreignError(fields)]) {
      const store = answering((callback) => callback(error));
      await expect(besideSessions(store, DEADLINE_MS).read(KEY)).rejects.toMatchObject({
        code: "store_failed",
        cause: error,
      });
    }
  });
});

describe("first records", () => {
  /** A store in which a new record is missing at first. */
  function forgetful(missing: number) {
    let reads = 0;
    const records = inTokenStore(
      {
        get: () => (++reads > missing ? "sealed" : undefined),
        set: () => undefined,
        delete: () => undefined,
      },
      DEADLINE_MS,
    );
    return { records, reads: () => reads };
  }

  it("the first record is checked after 50 ms, and no other one once it was there", async () => {
    const clock = movableClock();
    const before = clock.now();
    const { records, reads } = forgetful(0);
    await records.checkKept(KEY);
    expect(clock.now() - before).toBeGreaterThanOrEqual(50);
    expect(clock.now() - before).toBeLessThan(200);
    await records.checkKept(KEY);
    expect(reads()).toBe(1);
  });

  it("a first record may take up to a second to appear", async () => {
    movableClock();
    const { records, reads } = forgetful(3);
    await records.checkKept(KEY);
    expect(reads()).toBe(4);
  });

  it("a lost first record is a failure of the store, and the next record is checked again", async () => {
    const clock = movableClock();
    const before = clock.now();
    const { records, reads } = forgetful(4);
    const error = await records.checkKept(KEY).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "store_failed", status: 503 });
    expect((error as HttpException).cause).toMatchObject({ message: expect.stringContaining("lifetimes") });
    expect(clock.now() - before).toBeGreaterThanOrEqual(1000);
    await records.checkKept(KEY);
    expect(reads()).toBe(5);
  });

  it("a first record in the session store is checked too", async () => {
    movableClock();
    const { store, uses } = observe(new MemoryStore());
    const records = besideSessions(store, DEADLINE_MS);
    await expect(records.checkKept(KEY)).rejects.toMatchObject({ code: "store_failed" });
    await records.write(KEY, "sealed", 5000);
    await records.checkKept(KEY);
    await records.checkKept(KEY);
    expect(uses.filter((use) => use.startsWith("get"))).toHaveLength(5);
  });
});

describe("warnings of a store", () => {
  it("a store warns once for each code", () => {
    const emitWarning = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => emitWarning.mockRestore());
    const records = besideSessions(new MemoryStore(), DEADLINE_MS);
    for (const code of ["ONE", "ONE", "OTHER"]) records.warnOnce(code, "Something is wrong.");
    expect(emitWarning.mock.calls.map(([, options]) => options)).toMatchObject([
      { code: "ONE" },
      { code: "OTHER" },
    ]);
  });
});

describe("records in a token store", () => {
  it("records in a token store are written, read and deleted, whether it is synchronous or not", async () => {
    const map = new Map<string, string>();
    const later = {
      get: async (key: string) => map.get(key),
      set: async (key: string, value: string) => map.set(key, value),
      delete: async (key: string) => map.delete(key),
    };
    for (const store of [map, later]) {
      const records = inTokenStore(store, DEADLINE_MS);
      await records.write(KEY, "sealed", 5000);
      await records.touch(KEY, "another", 9000);
      expect(await records.read(KEY)).toBe("another");
      await records.delete(KEY);
      expect(await records.read(KEY)).toBeUndefined();
      expect(records.isShared).toBe(true);
    }
  });

  it("records in a token store live as long as the session, or two weeks if it has no lifetime", async () => {
    const lifetimes: number[] = [];
    const store = {
      get: () => undefined,
      set: (_key: string, _value: string, ttlMs: number) => void lifetimes.push(ttlMs),
      delete: () => undefined,
    };
    const records = inTokenStore(store, DEADLINE_MS);
    await records.write(KEY, "sealed", 5000);
    await records.write(KEY, "sealed", undefined);
    expect(lifetimes).toEqual([5000, 14 * 86_400_000]);
  });

  it.each([
    [null, undefined],
    [undefined, undefined],
    [1, ""],
    [{}, ""],
  ])("records of a token store that are %j are read as %j", async (value, expected) => {
    const records = inTokenStore(
      { get: () => value, set: () => undefined, delete: () => undefined },
      DEADLINE_MS,
    );
    expect(await records.read(KEY)).toBe(expected);
  });

  it("a write fails if the token store returns false", async () => {
    const records = inTokenStore(
      { get: () => undefined, set: () => false, delete: () => undefined },
      DEADLINE_MS,
    );
    await expect(records.write(KEY, "sealed", 1)).rejects.toMatchObject({ code: "store_failed" });
  });

  it("records fail with the token store, whether it throws, rejects or never answers", async () => {
    const thrown = (): never => {
      throw new Error("Not connected.");
    };
    for (const use of [
      thrown,
      () => Promise.reject(new Error("Out of order.")),
      () => new Promise<never>(() => {}),
    ]) {
      const records = inTokenStore({ get: use, set: use, delete: use }, 20);
      const calls = [
        () => records.read(KEY),
        () => records.write(KEY, "sealed", 1),
        () => records.delete(KEY),
      ];
      for (const call of calls)
        await expect(call()).rejects.toMatchObject({ code: "store_failed", status: 503 });
    }
  });

  it("an HttpException of the token store is passed on", async () => {
    const own = new HttpException({ message: "Not today.", code: "forbidden", status: 403 });
    const use = () => Promise.reject(own);
    await expect(inTokenStore({ get: use, set: use, delete: use }, 20).read(KEY)).rejects.toBe(own);
  });
});

describe("late writes", () => {
  it("a write that timed out reports when it takes effect after all", async () => {
    const gate = createGate();
    const store = { get: () => undefined, set: () => gate.opened, delete: () => undefined };
    const error = await inTokenStore(store, 20)
      .write(KEY, "sealed", 1)
      .catch((reason: unknown) => reason);
    let isTold = false;
    const told = new Promise<void>((resolve) => {
      onLateWrite(error, () => {
        isTold = true;
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isTold).toBe(false);
    gate.open();
    await told;
  });

  it("a write that failed is not reported as late", async () => {
    const gate = createGate();
    const fail = () => gate.opened.then(() => Promise.reject(new Error("Out of order.")));
    const write = (deadlineMs: number) =>
      inTokenStore({ get: () => undefined, set: fail, delete: () => undefined }, deadlineMs)
        .write(KEY, "sealed", 1)
        .catch((reason: unknown) => reason);
    const late = await write(20);
    gate.open();
    const told: string[] = [];
    onLateWrite(late, () => told.push("late"));
    onLateWrite(await write(DEADLINE_MS), () => told.push("at once"));
    onLateWrite(new Error("Something else."), () => told.push("something else"));
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([]);
  });
});
