import type { Request } from "express";
import { describe, expect, it } from "vitest";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { startSignedIn } from "../support/signed-in.js";

const NO_SNOWFLAKES: readonly unknown[] = [
  "",
  "abc",
  "1a",
  " 1",
  "-1",
  "1.5",
  "1e5",
  "0x1",
  "18446744073709551616",
  "123456789012345678901",
  "../1",
  "١٢٣",
  1,
  1n,
  null,
  undefined,
  ["1"],
  {},
  "x".repeat(5000),
];

const NO_ROUTES: readonly unknown[] = [
  "",
  "users/@me",
  "constructor",
  "//evil.example/users",
  "https://discord.com/api/v10/users/@me",
  "http://evil.example",
  "/../../evil",
  "/users/..",
  "/users/%2e%2e/x",
  "/users/./@me",
  "/users\\@me",
  "/users/@me#x",
  "/guilds//members",
  "/users/ @me",
  "/users/@me\r\nHost: evil.example",
  undefined,
  7,
];

const SCOPES = ["identify", "guilds.join", "guilds.members.read"];

describe.each(LATEST_EXPRESS)("invalid input on %s", (_name, createApp) => {
  async function start() {
    let attempt: (req: Request) => Promise<unknown> = async () => undefined;
    const story = await startSignedIn(createApp, {
      scopes: SCOPES,
      routes(app) {
        app.get(
          "/try",
          forward(async (req, res) => void res.json(await attempt(req))),
        );
      },
    });
    async function failureWith(next: typeof attempt) {
      attempt = next;
      const { status } = await story.browser.get("/try");
      return { status, error: story.app.errors.at(-1) };
    }
    return { ...story, failureWith };
  }

  it("an invalid id is a TypeError with status 400, before any call", async () => {
    const { simulator, app, failureWith } = await start();
    const { discord } = app;
    for (const given of NO_SNOWFLAKES) {
      const id = given as string;
      for (const attempt of [
        (req: Request) => discord.fetchMember(req, id),
        (req: Request) => discord.addToGuild(req, id),
        (req: Request) => discord.addToGuild(req, "1", { roles: ["1", id] }),
      ]) {
        const { status, error } = await failureWith(attempt);
        expect(status).toBe(400);
        expect(error).toBeInstanceOf(TypeError);
        expect(error).toMatchObject({ status: 400, code: "invalid_snowflake" });
        expect((error as Error).message.length).toBeLessThan(200);
      }
    }
    expect(simulator.requests).toEqual([]);
  });

  it("an invalid id is reported before the fetch of a user who is not known yet", async () => {
    const { simulator, app, user, failureWith, browser } = await start();
    simulator.fail({ kind: "status", status: 500, route: "/users/@me" });
    await browser.signIn("/login", { user });
    simulator.clearRequests();
    const { error } = await failureWith((req) => app.discord.addToGuild(req, "no id"));
    expect(error).toMatchObject({ code: "invalid_snowflake" });
    expect(simulator.requests).toEqual([]);
  });

  it("an invalid route is a TypeError, before any call", async () => {
    const { simulator, app, failureWith } = await start();
    const { discord } = app;
    for (const given of NO_ROUTES) {
      const route = given as string;
      for (const attempt of [
        (req: Request) => discord.request(req, route),
        () => discord.botRequest(route),
      ]) {
        const { error } = await failureWith(attempt);
        expect(error).toBeInstanceOf(TypeError);
        expect((error as Error).message).toMatch(/^The route must be /);
      }
    }
    expect(simulator.requests).toEqual([]);
  });
});
