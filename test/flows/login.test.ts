import { describe, expect, it } from "vitest";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";

describe.each(EXPRESS)("a login on %s", (_name, createApp) => {
  it("brings back the data it was started with", async () => {
    const simulator = await startSimulator();
    const data = { text: "a", number: 1.5, zero: 0, no: false, nested: { list: [1, null, "b"] } };
    const app = await startApp(createApp, simulator, { login: { data, returnTo: "/after?x=1" } });
    const user = simulator.addUser();

    const browser = app.browser();
    const answer = await browser.signIn("/login", { user });

    expect(answer.json()).toMatchObject({ replayed: false, data, returnTo: "/after?x=1", userId: user.id });
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });
  });
});
