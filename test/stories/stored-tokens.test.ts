import { MemoryStore } from "express-session";
import { describe, expect, it } from "vitest";
import { requiresAuthorization } from "../../src/index.js";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { NOTE, type ObservedStore, observe, RECORD, SharedStore } from "../support/memory-store.js";
import { moveDate } from "../support/move-date.js";
import {
  failureOf,
  lastFailure,
  refreshesAt,
  type SignedIn,
  type StoryOptions,
  startSignedIn,
  WEEK_MS,
} from "../support/signed-in.js";

interface Story extends SignedIn {
  readonly observed: ObservedStore;
}

async function start(createApp: Parameters<typeof startSignedIn>[0], options?: StoryOptions): Promise<Story> {
  const observed = observe(new MemoryStore());
  return {
    ...(await startSignedIn(createApp, { ...options, session: { store: observed.store } })),
    observed,
  };
}

/** A connection to a store. Once it is cut, calls have no effect and no answer. */
function connect<Store extends MemoryStore>(store: Store) {
  let isCut = false;
  const connection: MemoryStore = new Proxy(store, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== "function" || key === "constructor") return value;
      return (...values: unknown[]) => (isCut ? undefined : value.apply(target, values));
    },
  });
  const cut = () => {
    isCut = true;
  };
  return { connection, cut };
}

function recordReads({ uses }: ObservedStore): number {
  return uses.filter((use) => use.startsWith("get ") && RECORD.test(use.slice(4))).length;
}

async function keyOfRecord({ content }: ObservedStore): Promise<string> {
  return Object.keys(await content()).find((id) => RECORD.test(id)) ?? "";
}

describe.each(LATEST_EXPRESS)("stored tokens on %s", (_name, createApp) => {
  it("stored tokens are read at most once in thirty seconds", async () => {
    const { observed, browser, advance } = await start(createApp);
    const before = recordReads(observed);
    for (let visit = 0; visit < 20; visit += 1) await browser.get("/guarded");
    expect(recordReads(observed)).toBe(before);

    advance(31_000);
    for (let visit = 0; visit < 20; visit += 1) expect((await browser.get("/guarded")).status).toBe(200);
    expect(recordReads(observed)).toBe(before + 1);
  });

  it("a visitor stays signed in although each process is frozen after its response", async () => {
    const store = new SharedStore();
    const given = { store, rolling: true, cookie: { maxAge: 86_400_000 } };
    const { simulator, browser } = await startSignedIn(createApp, { session: given });
    for (const _visit of [1, 2, 3, 4, 5]) {
      const { connection, cut } = connect(store);
      const { url } = await startApp(createApp, simulator, {
        session: { ...given, store: connection },
        discord: { timeoutMs: 100 },
        routes(app) {
          app.get("/guarded", requiresAuthorization, (_req, res) => {
            res.once("finish", cut).json({});
          });
        },
      });
      moveDate(43_000_000);
      expect((await browser.get(`${url}/guarded`)).status).toBe(200);
    }
  });

  it("a visitor stays signed in although the store cannot extend records", async () => {
    const store = new SharedStore();
    store.touch = (_id, _session, callback?: (error?: unknown) => void) =>
      callback?.(new Error("No EXPIRE."));
    const { browser } = await startSignedIn(createApp, {
      session: { store, resave: true, rolling: true, cookie: { maxAge: 86_400_000 } },
    });
    for (const _visit of [1, 2, 3, 4, 5]) {
      moveDate(43_000_000);
      expect((await browser.get("/guarded")).status).toBe(200);
    }
  });

  it("missing tokens mean signed out, and are looked for at most once in thirty seconds", async () => {
    const { observed, browser, advance } = await start(createApp);
    const before = recordReads(observed);
    observed.store.destroy(await keyOfRecord(observed));
    expect((await browser.get("/guarded")).status).toBe(200);

    advance(31_000);
    for (const _ of [1, 2, 3]) expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(recordReads(observed)).toBe(before + 1);

    advance(31_000);
    expect((await browser.get("/authorized")).json()).toBe(false);
    expect(recordReads(observed)).toBe(before + 2);
  });

  it("tokens count as missing as long as the store reports that there is no such file", async () => {
    const { observed, browser, advance } = await start(createApp);
    const before = recordReads(observed);
    observed.fail(
      "get",
      RECORD,
      Object.assign(new Error("No such file."), { code: "ENOENT", syscall: "open" }),
    );
    advance(31_000);
    for (const _ of [1, 2, 3]) expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    expect(recordReads(observed)).toBe(before + 1);

    observed.recover();
    advance(31_000);
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it("unreadable tokens sign nobody out", async () => {
    const { observed, app, user, browser, advance } = await start(createApp);
    observed.fail("get");
    advance(31_000);
    for (const path of ["/guarded", "/authorized", "/user", "/scoped"])
      expect(failureOf(await browser.get(path))).toBe("503 store_failed");
    expect(lastFailure(app)).toEqual({ name: "HttpException", status: 503, code: "store_failed" });
    expect(app.errors.at(-1)).toHaveProperty("cause.message", "The store is out of order.");

    observed.recover();
    expect((await browser.get("/user")).json()).toMatchObject({ id: user.id });
  });

  it("changed tokens sign the visitor out", async () => {
    const { observed, browser, advance } = await start(createApp);
    const key = await keyOfRecord(observed);
    const record = (await observed.content())[key];
    const grant = record?.grant ?? "";
    const other = grant.startsWith("A") ? "B" : "A";
    for (const changed of [other + grant.slice(1), grant.slice(0, -8), grant.slice(0, 20), "", undefined]) {
      observed.store.set(key, { ...record, grant: changed } as never);
      advance(31_000);
      expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    }
    observed.store.set(key, { ...record, grant } as never);
    advance(31_000);
    expect((await browser.get("/guarded")).status).toBe(200);
  });

  it("tokens that the store rejects stay in memory, and are written on the next use", async () => {
    const { observed, simulator, browser, advance } = await start(createApp);
    const key = await keyOfRecord(observed);
    const before = (await observed.content())[key]?.grant;
    advance(WEEK_MS);
    observed.fail("set");
    for (const _ of [1, 2, 3]) expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect((await observed.content())[key]?.grant).toBe(before);
    expect(refreshesAt(simulator)).toBe(1);

    observed.recover();
    expect((await browser.get("/guarded")).status).toBe(200);
    await expect.poll(async () => (await observed.content())[key]?.grant).not.toBe(before);

    const writes = observed.uses.length;
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(observed.uses.slice(writes).filter((use) => use.includes("discord-"))).toEqual([]);
    advance(31_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("tokens survive weeks in which the store fails to write them", async () => {
    const { observed, simulator, browser, advance } = await start(createApp);
    advance(WEEK_MS);
    observed.fail("set");
    expect((await browser.get("/user?fresh=true")).status).toBe(200);

    for (let week = 2; week <= 4; week += 1) {
      advance(WEEK_MS);
      expect((await browser.get("/user?fresh=true")).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(week);
    }
    observed.recover();
    await browser.get("/guarded");
    advance(31_000);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(4);
  });

  it("a 401 does not mix up rejected tokens with the previous ones", async () => {
    const { observed, simulator, browser, advance } = await start(createApp);
    advance(WEEK_MS);
    observed.fail("set");
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(failureOf(await browser.get("/request?route=/users/@me/relationships"))).toMatch(/^40[14] /);
    expect(failureOf(await browser.get("/request?route=/guilds/1/members/1"))).toBe("401 discord_error");
    const [refresh] = simulator.requestsTo("POST /oauth2/token");
    const sent = simulator.requests.filter(({ authorization }) => authorization === "Bearer");
    expect(new Set(sent.map(({ token }) => token)).size).toBe(1);
    expect(sent.length).toBeGreaterThan(1);
    expect(refresh?.status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("tokens removed during a refresh stay removed", async () => {
    const { observed, browser, advance } = await start(createApp);
    const key = await keyOfRecord(observed);
    advance(WEEK_MS);
    observed.hold("get").release();
    const checking = observed.hold("get");
    const guarded = browser.get("/guarded");
    await checking.begun;
    observed.store.destroy(key);
    checking.release();

    expect(failureOf(await guarded)).toBe("401 grant_ended");
    expect(await observed.content()).not.toHaveProperty(key);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("tokens are refreshed although a shared store rejects the lease", async () => {
    const observed = observe(new SharedStore());
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    advance(WEEK_MS);
    observed.fail("set", NOTE);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("tokens are refreshed in time although a shared store never answers writes of a lease", async () => {
    const { store } = observe(new SharedStore());
    const { simulator, browser, advance } = await startSignedIn(createApp, {
      session: { store },
      discord: { timeoutMs: 2000 },
    });
    advance(WEEK_MS);
    const { set } = store;
    store.set = (key, ...rest) => {
      if (!NOTE.test(key)) set.call(store, key, ...rest);
    };
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("tokens are refreshed without delay in a shared store", async () => {
    const observed = observe(new SharedStore());
    const { simulator, app, browser, advance } = await startSignedIn(createApp, {
      session: { store: observed.store },
    });
    advance(WEEK_MS);
    const uses = observed.uses.length;
    expect((await browser.get("/guarded")).status).toBe(200);
    const ours = observed.uses.slice(uses).filter((use) => use.includes("discord-"));
    // The earlier calls read the record and the marker, and find that the pair is due.
    expect(
      ours.slice(-7).map((use) => `${use.split(" ")[0]} ${RECORD.test(use.slice(4)) ? "record" : "note"}`),
    ).toEqual(["get note", "set note", "get note", "get record", "set record", "get note", "set note"]);
    expect(refreshesAt(simulator)).toBe(1);
    expect(app.errors).toEqual([]);
  });
});
