import { describe, expect, it } from "vitest";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { holdWrite } from "../support/hold-write.js";
import { OUR_KEY } from "../support/memory-store.js";
import { failureOf, refreshesAt, startSignedIn, WEEK_MS } from "../support/signed-in.js";
import { MEMORY, REDIS, served } from "../support/stores.js";

const SETTINGS = LATEST_EXPRESS.flatMap(([express, createApp]) =>
  served([MEMORY, REDIS]).map(([store, kind]) => [express, store, createApp, kind] as const),
);
const REFRESH = "POST /oauth2/token";

describe.each(SETTINGS)("refreshes on %s and %s", (_express, _store, createApp, kind) => {
  it.each(["refuse", "revoke-grant"] as const)(
    "50 requests on an expired token share one refresh (a token used twice: %s)",
    async (refreshReuse) => {
      const { store } = await kind.open();
      const options = { session: { store }, behaviour: { refreshReuse } };
      const { simulator, app, browser, advance } = await startSignedIn(createApp, options);
      for (const refreshes of [1, 2, 3]) {
        advance(WEEK_MS);
        const paths = Array.from({ length: 50 }, (_, i) => (i % 2 ? "/guarded" : "/user?fresh=true"));
        const answers = await Promise.all(paths.map((path) => browser.get(path)));
        expect(answers.map(({ status }) => status)).toEqual(paths.map(() => 200));
        expect(refreshesAt(simulator)).toBe(refreshes);
      }
      expect(app.errors).toEqual([]);
    },
  );

  it("a refresh in flight at Discord restores nothing after a logout", async () => {
    const { store } = await kind.open();
    const { simulator, browser, advance } = await startSignedIn(createApp, { session: { store } });
    advance(WEEK_MS);
    simulator.fail({ kind: "delay", ms: 100, route: REFRESH });
    const refreshing = browser.get("/guarded");
    await expect.poll(() => refreshesAt(simulator), { interval: 5 }).toBe(1);
    expect((await browser.post("/logout")).status).toBe(200);
    await refreshing;

    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    const other = await startApp(createApp, simulator, { session: { store } });
    expect(failureOf(await browser.get(`${other.url}/me`))).toBe("401 not_signed_in");
  });

  it("a refresh that is being stored restores nothing after a logout", async () => {
    const { store } = await kind.open();
    const { simulator, browser, advance } = await startSignedIn(createApp, { session: { store } });
    const former = browser.clone();
    advance(WEEK_MS);
    const write = holdWrite(store, OUR_KEY);
    const refreshing = browser.get("/guarded");
    await write.begun;
    const leaving = browser.post("/logout");
    write.release();
    expect([200, 401]).toContain((await refreshing).status);
    expect((await leaving).status).toBe(200);

    const other = await startApp(createApp, simulator, { session: { store } });
    for (const url of ["/guarded", `${other.url}/me`]) {
      expect(failureOf(await former.get(url))).toBe("401 not_signed_in");
    }
  });

  it("a refresh by another process restores nothing after a logout", async () => {
    const { store } = await kind.open();
    const { simulator, browser, advance } = await startSignedIn(createApp, { session: { store } });
    const other = await startApp(createApp, simulator, { session: { store } });
    const former = browser.clone();
    advance(WEEK_MS);
    simulator.fail({ kind: "delay", ms: 100, route: REFRESH });
    const refreshing = former.get(`${other.url}/me`);
    await expect.poll(() => refreshesAt(simulator), { interval: 5 }).toBe(1);
    expect((await browser.post("/logout")).status).toBe(200);
    expect(failureOf(await refreshing)).toBe("401 grant_ended");

    expect(failureOf(await former.get("/guarded"))).toBe("401 not_signed_in");
    expect(failureOf(await former.get(`${other.url}/me`))).toBe("401 not_signed_in");
  });

  it("a refresh does not harm a second login in the meantime", async () => {
    const { store } = await kind.open();
    const { simulator, user, browser, advance } = await startSignedIn(createApp, { session: { store } });
    const former = browser.clone();
    advance(WEEK_MS);
    const login = await browser.get("/login");
    const callbackUrl = await simulator.approve(login.location ?? "", { user });
    const isRefresh = ({ form }: { form: Readonly<Record<string, string>> | undefined }) =>
      form?.["grant_type"] === "refresh_token";
    simulator.fail({ kind: "delay", ms: 100, route: REFRESH, when: isRefresh });
    const refreshing = former.get("/guarded");
    await expect.poll(() => refreshesAt(simulator), { interval: 5 }).toBe(1);
    expect((await browser.get(callbackUrl)).json()).toMatchObject({ replayed: false, userId: user.id });
    await refreshing;

    expect((await browser.get("/user?fresh=true")).status).toBe(200);
    expect(failureOf(await former.get("/guarded"))).toBe("401 not_signed_in");
    advance(WEEK_MS);
    expect((await browser.get("/user?fresh=true")).status).toBe(200);
  });
});
