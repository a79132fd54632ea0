import { expect, it } from "vitest";
import { runSample } from "../support/run-guide.js";

const PAGE_VISIT = { headers: { "Sec-Fetch-Mode": "navigate" } };

it.each([
  ["README.md", "express-discord", "You are number "],
  ["docs/getting-started.md", "1\\. An app", "Your id is "],
])(
  "the first sample of %s signs a visitor in, shows their id and signs them out",
  async (file, heading, text) => {
    const { simulator, browser } = await runSample(file, heading);
    const visitor = browser();
    expect((await visitor.get("/")).text).toContain("<a href=");
    expect((await visitor.get("/me", PAGE_VISIT)).location).toBe("/auth/login?returnTo=%2Fme");

    const user = simulator.addUser();
    expect((await visitor.signIn("/auth/login", { user })).location).toBe("/me");
    expect((await visitor.get("/me")).text).toContain(`${text}${user.id}.`);

    const logout = await visitor.post("/auth/logout", { headers: { "Sec-Fetch-Site": "same-origin" } });
    expect([logout.status, logout.location]).toEqual([303, "/"]);
    expect((await visitor.get("/me")).status).toBe(401);
  },
);

it("the sample of README without the router greets a visitor once and lists their servers", async () => {
  const { simulator, browser } = await runSample("README.md", "Without the router", {
    callbackPath: "/callback",
  });
  const user = simulator.addUser();
  simulator.addMember(simulator.addGuild({ name: "Test Kitchen" }), user);
  const visitor = browser();
  expect((await visitor.get("/me")).location).toBe("/login");

  const { location = "" } = await visitor.get("/login");
  const callback = await simulator.approve(location, { user });
  for (let click = 1; click <= 2; click += 1) expect((await visitor.get(callback)).location).toBe("/me");
  expect((await visitor.get("/me")).json()).toEqual(["Test Kitchen"]);
  expect(simulator.messages.map(({ content }) => content)).toEqual(["Welcome!"]);

  expect((await visitor.post("/logout")).location).toBe("/");
  expect((await visitor.get("/me")).location).toBe("/login");
});
