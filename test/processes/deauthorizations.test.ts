import { describe, expect, inject, it } from "vitest";
import { startSimulator } from "../support/app.js";
import { openLogin } from "../support/login.js";
import { startProcesses } from "./fleet.js";

const PROCESSES = 3;

describe.runIf(inject("services").redisUrl)("a removal that is shared by Redis", { timeout: 60_000 }, () => {
  const startFleet = startProcesses(PROCESSES);

  it("a removal shared by Redis signs the user out of every process with the next request, and nobody else", async () => {
    const simulator = await startSimulator();
    const fleet = await startFleet(simulator, "none");
    const [user, other] = [simulator.addUser(), simulator.addUser()];
    const [browser, bystander] = [fleet.browser(), fleet.browser()];
    for (const [who, visitor] of [
      [user, browser],
      [other, bystander],
    ] as const) {
      const { callbackUrl } = await openLogin(visitor, simulator, who);
      await visitor.get(`${fleet.urls[0]}/callback${new URL(callbackUrl).search}`);
    }
    const statuses = async (who = browser) => {
      const answers = await Promise.all(fleet.urls.map((url) => who.get(`${url}/guarded`)));
      return answers.map(({ status }) => status);
    };
    // Now each process has the sign-in in memory.
    expect(await statuses()).toEqual(Array(PROCESSES).fill(200));
    await fleet.advance(2000);

    simulator.removeAuthorization(user);
    const event = { type: "APPLICATION_DEAUTHORIZED", data: { user: { id: user.id } } };
    const answer = await simulator.sendWebhookEvent(`${fleet.urls[1]}/events`, event);

    expect(answer.status).toBe(204);
    await expect.poll(() => statuses()).toEqual(Array(PROCESSES).fill(401));
    expect(await statuses(bystander)).toEqual(Array(PROCESSES).fill(200));
  });
});
