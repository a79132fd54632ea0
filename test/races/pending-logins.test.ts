import { describe, expect, it } from "vitest";
import { discordRouter } from "../../src/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { createGate } from "../support/gate.js";
import { openLogin } from "../support/login.js";
import { observe, SharedStore } from "../support/memory-store.js";
import { quiet } from "../support/stepped-clock.js";

const MONTH_MS = 30 * 86_400_000;

describe.each(LATEST_EXPRESS)("logins whose record is extended on %s", (_name, createApp) => {
  it("onLogin is called once, even if it lengthens the session and the record is still being extended", async () => {
    const simulator = await startSimulator();
    const observed = observe(new SharedStore());
    const extending = createGate();
    let logins = 0;
    let release = () => {};
    const app = await startApp(createApp, simulator, {
      session: { store: observed.store },
      callbackPath: "/auth/callback",
      routes(to, discord) {
        const router = discordRouter({
          async onLogin(req) {
            logins += 1;
            if (logins > 1) return;
            const writing = observed.hold("set");
            release = writing.release;
            req.session.cookie.maxAge = MONTH_MS;
            await discord.fetchUser(req);
            await writing.begun;
            extending.open();
          },
        });
        to.use("/auth", router);
      },
    });
    const browser = app.browser();
    const { callbackUrl } = await openLogin(browser, simulator, simulator.addUser(), "/auth/login");
    const double = browser.clone();

    const first = browser.get(callbackUrl);
    await extending.opened;
    for (let turn = 0; turn < 3; turn += 1) await quiet();
    release();
    expect((await first).status).toBe(302);
    await quiet();
    const second = await double.get(callbackUrl);

    expect(second.status).toBe(302);
    expect(logins).toBe(1);
  });
});
