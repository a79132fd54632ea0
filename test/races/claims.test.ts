import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replaceClock } from "../../src/clock.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { NOTE, observe, SharedStore } from "../support/memory-store.js";
import { refreshesAt, WEEK_MS } from "../support/signed-in.js";

describe.each(LATEST_EXPRESS)("simultaneous refreshes on %s", (_express, createApp) => {
  let movedByMs = 0;
  beforeEach(() => {
    movedByMs = 0;
    replaceClock({ now: () => Date.now() + movedByMs });
  });
  afterEach(() => replaceClock());

  it("two processes use a refresh token once: the one that writes its lease last goes on", async () => {
    const { simulator, observed, visit } = await startTwo();
    const lateNote = observed.hold("set", NOTE);
    const late = visit(1);
    await lateNote.begun;
    const earlyNote = observed.hold("set", NOTE);
    const early = visit(0);
    await earlyNote.begun;
    const lookingBack = observed.hold("get", NOTE);
    earlyNote.release();
    await lookingBack.begun;
    simulator.fail({ kind: "delay", ms: 50, route: "POST /oauth2/token" });
    lateNote.release();
    await expect.poll(() => refreshesAt(simulator), { interval: 5 }).toBe(1);
    lookingBack.release();

    expect((await Promise.all([early, late])).map(({ status }) => status)).toEqual([200, 200]);
    expect(refreshesAt(simulator)).toBe(1);
  });

  it("two processes use a refresh token once, even if one is done before the other has read the lease again", async () => {
    const { simulator, observed, visit } = await startTwo();
    const note = observed.hold("set", NOTE);
    const slow = visit(0);
    await note.begun;
    expect((await visit(1)).status).toBe(200);
    note.release();

    expect((await slow).status).toBe(200);
    expect(refreshesAt(simulator)).toBe(1);
  });

  async function startTwo() {
    const simulator = await startSimulator({ behaviour: { refreshReuse: "revoke-grant" } });
    const observed = observe(new SharedStore());
    const session = { store: observed.store };
    const apps = [
      await startApp(createApp, simulator, { session }),
      await startApp(createApp, simulator, { session }),
    ];
    const browser = simulator.browser(apps[0]?.url ?? "");
    await browser.signIn("/login", { user: simulator.addUser() });
    simulator.clock.advance(WEEK_MS);
    movedByMs = WEEK_MS;
    simulator.clearRequests();
    return { simulator, observed, visit: (index: number) => browser.get(`${apps[index]?.url}/me`) };
  }
});
