import { describe, expect, it } from "vitest";
import { LoginCounter } from "../src/login/login-counter.js";
import { OwnCookies } from "../src/login/own-cookies.js";
import { movableClock } from "./support/clock.js";

/** As a browser sends it back. */
function pairOf(setCookie: string): string {
  return setCookie.split(";")[0] ?? "";
}

describe("the counter of logins", () => {
  it("counts those of the last minute", () => {
    const clock = movableClock();
    const counter = new LoginCounter(new OwnCookies(false));

    let cookie: string | undefined;
    const counted: number[] = [];
    for (const ms of [0, 20_000, 20_000, 20_001, 60_000]) {
      clock.advance(ms);
      cookie = pairOf(counter.next(cookie));
      counted.push(counter.read(cookie));
    }

    expect(counted).toEqual([1, 2, 3, 3, 1]);
  });

  it("remembers nine at most", () => {
    const counter = new LoginCounter(new OwnCookies(false));

    let cookie: string | undefined;
    for (let count = 0; count < 20; count += 1) cookie = pairOf(counter.next(cookie));

    expect(counter.read(cookie)).toBe(9);
    expect(cookie?.length).toBeLessThan(200);
  });

  it.each([
    undefined,
    "",
    "discord.logins",
    "discord.logins=",
    "discord.logins=a.b.c",
    "discord.logins=NaN.Infinity.-1.1e400",
    `discord.logins=${Date.now() + 1_000_000}`,
    "not-discord.logins=1",
  ])("counts nothing in %j", (cookie) => {
    expect(new LoginCounter(new OwnCookies(false)).read(cookie)).toBe(0);
  });

  it("is bound to the host and to https where it can be", () => {
    expect(new LoginCounter(new OwnCookies(true)).next(undefined)).toMatch(
      /^__Host-discord\.logins=\d+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(new LoginCounter(new OwnCookies(false)).next(undefined)).toMatch(
      /^discord\.logins=\d+; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it("is removed where there is one", () => {
    const counter = new LoginCounter(new OwnCookies(false));

    expect(counter.removal("other=1")).toBeUndefined();
    expect(counter.removal(undefined)).toBeUndefined();
    expect(counter.removal(pairOf(counter.next(undefined)))).toBe(
      "discord.logins=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax",
    );
  });
});
