import { describe, expect, inject, it } from "vitest";
import type { Behaviour, RecordedRequest } from "../../src/testing/index.js";
import { startSimulator } from "../support/app.js";
import { openLogin } from "../support/login.js";
import { WEEK_MS } from "../support/signed-in.js";
import { startProcesses } from "./fleet.js";
import type { LockKind } from "./worker.js";

const PROCESSES = 4;
const TOKEN_ROUTE = "POST /oauth2/token";
const LOCK_OR_NOT = [
  ["without a lock", "none"],
  ["with a lock", "redis"],
] as const;

describe.runIf(inject("services").redisUrl)("four processes on one Redis", { timeout: 60_000 }, () => {
  const startFleet = startProcesses(PROCESSES);

  it.each([
    ["without a lock, where a refresh token used twice is refused", "none", "refuse"],
    ["with a lock, where a refresh token used twice is refused", "redis", "refuse"],
    ["with a lock, where a refresh token used twice ends the grant", "redis", "revoke-grant"],
  ] as const)(
    "four processes answer 200 requests on an expired token, three times, %s",
    async (_name, lock, refreshReuse) => {
      const { simulator, fleet, browser } = await startSignedIn(lock, { refreshReuse });
      for (const round of [1, 2, 3]) {
        await fleet.advance(WEEK_MS);
        simulator.clearRequests();
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, i) => browser.get(`${fleet.urls[i % PROCESSES]}/user`)),
        );
        const failures = answers.filter(({ status }) => status !== 200).map(({ text }) => text);
        expect(failures, `round ${round}`).toEqual([]);
        const refreshes = simulator.requestsTo(TOKEN_ROUTE);
        expect(refreshes.filter(succeeded)).toHaveLength(1);
        if (lock === "redis") expect(refreshes).toHaveLength(1);
      }
    },
  );

  it.each(LOCK_OR_NOT)("processes sign in both requests of a repeated callback, %s", async (_name, lock) => {
    const codeReuse = lock === "redis" ? "revoke-grant" : "refuse";
    const { simulator, fleet } = await startUp(lock, { codeReuse });
    const browser = fleet.browser();
    const user = simulator.addUser();
    const { callbackUrl } = await openLogin(browser, simulator, user);
    const { search } = new URL(callbackUrl);

    const visitors = fleet.urls.slice(0, 2).map((url) => ({ url, browser: browser.clone() }));
    const answers = await Promise.all(
      visitors.map((visitor) => visitor.browser.get(`${visitor.url}/callback${search}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const replayed = answers.map((answer) => answer.json<{ replayed: boolean }>().replayed);
    expect(replayed.sort()).toEqual([false, true]);
    const exchanges = simulator.requestsTo(TOKEN_ROUTE);
    expect(exchanges.filter(succeeded)).toHaveLength(1);
    if (lock === "redis") expect(exchanges).toHaveLength(1);

    for (const visitor of visitors) {
      const page = await visitor.browser.get(`${fleet.urls[2]}/user`);
      expect(page.json()).toMatchObject({ id: user.id });
    }
  });

  it("four processes that get the same callback at once exchange its code once, ten times without a lock", async () => {
    const { simulator, fleet } = await startUp("none");
    const user = simulator.addUser();
    for (const round of Array.from({ length: 10 }, (_, index) => index + 1)) {
      const browser = fleet.browser();
      const { search } = new URL((await openLogin(browser, simulator, user)).callbackUrl);
      simulator.clearRequests();
      const visits = fleet.urls.map((url) => browser.clone().get(`${url}/callback${search}`));
      expect((await Promise.all(visits)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(simulator.requestsTo(TOKEN_ROUTE), `round ${round}`).toHaveLength(1);
    }
  });

  it("four processes that find the same expired token at once refresh it once, ten times without a lock", async () => {
    const { simulator, fleet, browser } = await startSignedIn("none");
    for (const round of Array.from({ length: 10 }, (_, index) => index + 1)) {
      await fleet.advance(WEEK_MS);
      simulator.clearRequests();
      const visits = fleet.urls.map((url) => browser.get(`${url}/guarded`));
      expect((await Promise.all(visits)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      expect(simulator.requestsTo(TOKEN_ROUTE), `round ${round}`).toHaveLength(1);
    }
  });

  it.each(LOCK_OR_NOT)(
    "processes carry on after one is killed in the middle of a refresh, %s",
    async (_name, lock) => {
      const { simulator, fleet, browser } = await startSignedIn(lock);
      await fleet.advance(WEEK_MS);
      simulator.fail({ kind: "hang", route: TOKEN_ROUTE });
      const cutOff = browser.get(`${fleet.urls[0]}/user`).catch((error: unknown) => error);
      await expect.poll(() => simulator.requestsTo(TOKEN_ROUTE).length, { interval: 5 }).toBe(1);
      await fleet.kill(0);
      expect(await cutOff).toBeInstanceOf(Error);

      const others = fleet.urls.slice(1).map((url) => browser.get(`${url}/user`));
      await fleet.letLocksExpire();
      await fleet.advance(10_000);
      expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(simulator.requestsTo(TOKEN_ROUTE).filter(succeeded)).toHaveLength(1);
    },
  );

  it.each(LOCK_OR_NOT)(
    "processes complete the login of one that is killed while it fetches the user, %s",
    async (_name, lock) => {
      const { simulator, fleet } = await startUp(lock);
      const browser = fleet.browser();
      const user = simulator.addUser();
      const { search } = new URL((await openLogin(browser, simulator, user)).callbackUrl);
      simulator.fail({ kind: "hang", route: "GET /users/@me" });
      const cutOff = browser.get(`/callback${search}`).catch((error: unknown) => error);
      await expect.poll(() => simulator.requestsTo("GET /users/@me").length, { interval: 5 }).toBe(1);
      await fleet.kill(0);
      expect(await cutOff).toBeInstanceOf(Error);

      await fleet.letLocksExpire();
      await fleet.advance(10_000);
      const reload = await browser.get(`${fleet.urls[1]}/callback${search}`);
      expect(reload.json()).toMatchObject({ replayed: false, userId: user.id });
      expect((await browser.get(`${fleet.urls[2]}/user`)).json()).toMatchObject({ id: user.id });
      expect(simulator.requestsTo(TOKEN_ROUTE)).toHaveLength(1);
    },
  );

  it("processes use a refresh token once, even if the lock expires while its holder waits for Discord", async () => {
    const { simulator, fleet, browser } = await startSignedIn("expired", { refreshReuse: "revoke-grant" });
    await fleet.advance(WEEK_MS);
    simulator.fail({ kind: "delay", ms: 200, route: TOKEN_ROUTE });
    const first = browser.get(`${fleet.urls[0]}/user`);
    await expect.poll(() => simulator.requestsTo(TOKEN_ROUTE).length, { interval: 5 }).toBe(1);
    const others = fleet.urls.slice(1).map((url) => browser.get(`${url}/user`));
    const answers = await Promise.all([first, ...others]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(simulator.requestsTo(TOKEN_ROUTE)).toHaveLength(1);
  });

  async function startUp(lock: LockKind, behaviour: Partial<Behaviour> = {}) {
    const simulator = await startSimulator({ behaviour });
    return { simulator, fleet: await startFleet(simulator, lock) };
  }

  async function startSignedIn(lock: LockKind, behaviour?: Partial<Behaviour>) {
    const { simulator, fleet } = await startUp(lock, behaviour);
    const browser = fleet.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser());
    expect((await browser.get(`/callback${new URL(callbackUrl).search}`)).status).toBe(200);
    simulator.clearRequests();
    return { simulator, fleet, browser };
  }
});

function succeeded({ status }: RecordedRequest): boolean {
  return status === 200;
}
