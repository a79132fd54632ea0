import type { Application } from "express";
import { describe, expect, it } from "vitest";
import { type Authorization, requiresAuthorization } from "../../src/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

async function startWithProof(createApp: () => Application) {
  let authorization: Authorization | undefined;
  const signedIn = await startSignedIn(createApp, {
    scopes: ["identify", "email"],
    routes(to, discord) {
      to.get(
        "/authorization",
        forward(async (req, res) => {
          authorization = await discord.fetchAuthorization(req);
          res.json(authorization.user ?? null);
        }),
      );
      to.get("/proved", requiresAuthorization.with({ maxAgeMs: 60_000 }), (_req, res) => void res.send("in"));
    },
  });
  return { ...signedIn, known: () => authorization };
}

describe.each(LATEST_EXPRESS)("fetchAuthorization on %s", (_name, createApp) => {
  it("fetchAuthorization returns the application, scopes, user and expiry of the sign-in", async () => {
    const { browser, known, simulator, user } = await startWithProof(createApp);

    await browser.get("/authorization");

    const authorization = known();
    expect(authorization?.applicationId).toBe(simulator.options.clientId);
    expect(authorization?.scopes).toEqual(["identify", "email"]);
    expect(authorization?.user?.id).toBe(user.id);
    expect(authorization?.expires.getTime()).toBeGreaterThan(Date.now() + 600_000_000);
    expect(authorization?.payload.application.name).toBe("Test app");
  });

  it("a handler cannot change the authorization that later requests get from the cache", async () => {
    const { browser, known } = await startWithProof(createApp);
    await browser.get("/authorization");
    const { expires, payload, scopes } = known() ?? expect.fail("there is no authorization");
    const expiresAt = expires.getTime();

    expires.setTime(0);
    expect(() => (scopes as string[]).push("guilds")).toThrow(TypeError);
    expect(() => Object.assign(payload.application, { name: "Changed" })).toThrow(TypeError);
    await browser.get("/authorization");

    expect(known()?.expires.getTime()).toBe(expiresAt);
    expect(known()?.scopes).toEqual(["identify", "email"]);
  });

  it("requiresAuthorization.with asks Discord at most as often as maxAgeMs says", async () => {
    const { advance, browser, simulator } = await startWithProof(createApp);

    for (let times = 0; times < 3; times += 1) expect((await browser.get("/proved")).text).toBe("in");
    expect(simulator.requestsTo("/oauth2/@me")).toHaveLength(1);

    advance(60_001);
    await browser.get("/proved");
    expect(simulator.requestsTo("/oauth2/@me")).toHaveLength(2);
  });

  it("requiresAuthorization.with notices a removal of the app within maxAgeMs, and a plain guard does not", async () => {
    const { advance, browser, simulator, user } = await startWithProof(createApp);
    await browser.get("/proved");
    simulator.removeAuthorization(user);

    expect((await browser.get("/proved")).status).toBe(200);
    advance(60_001);
    expect((await browser.get("/guarded")).status).toBe(200);
    expect(failureOf(await browser.get("/proved"))).toBe("401 grant_ended");
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
  });

  it("requiresAuthorization.with refuses entry while Discord is down, and signs nobody out", async () => {
    const { browser, simulator } = await startWithProof(createApp);
    simulator.fail({ route: "/oauth2/@me", kind: "status", status: 500 });

    expect(failureOf(await browser.get("/proved"))).toBe("502 discord_unavailable");
    expect((await browser.get("/proved")).text).toBe("in");
  });

  it("requiresAuthorization.with asks Discord nothing for visitors who are not signed in", async () => {
    const { app, simulator } = await startWithProof(createApp);

    expect(failureOf(await app.browser().get("/proved"))).toBe("401 not_signed_in");
    expect(simulator.requests).toEqual([]);
  });
});
