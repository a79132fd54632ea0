import { describe, expect, it } from "vitest";
import { LoginCounter } from "../../../src/login/login-counter.js";
import { OwnCookies } from "../../../src/login/own-cookies.js";
import { movableClock } from "../../support/clock.js";

const NAME = "discord-1100000000000000099-logins";

function startCounter(secure = false): LoginCounter {
  return new LoginCounter(new OwnCookies(secure), "1100000000000000099");
}

/** The cookie as a browser sends it back. */
function pairOf(setCookie: string | undefined): string {
  return setCookie?.split(";")[0] ?? "";
}

describe("the login counter", () => {
  it("the counter counts the logins of the last minute, including the first one", () => {
    const clock = movableClock();
    const counter = startCounter();

    let cookie = pairOf(counter.start(undefined));
    const counted = [counter.read(cookie)];
    for (const ms of [20_000, 20_000, 20_001, 60_000]) {
      clock.advance(ms);
      cookie = pairOf(counter.next(cookie));
      counted.push(counter.read(cookie));
    }

    expect(counted).toEqual([1, 2, 3, 3, 1]);
  });

  it("the counter counts nothing before it is started, and starts once", () => {
    const counter = startCounter();

    for (const cookies of [undefined, "", "sid=1"]) expect(counter.next(cookies)).toBeUndefined();
    expect(counter.start(pairOf(counter.start("sid=1")))).toBeUndefined();
  });

  it("the counter ignores that of another application on the same host", () => {
    const other = new LoginCounter(new OwnCookies(false), "1100000000000000100");
    const cookies = `sid=1; ${pairOf(other.start(undefined))}`;

    expect(startCounter().read(cookies)).toBe(0);
    expect(startCounter().next(cookies)).toBeUndefined();
    expect(startCounter().removal(cookies)).toBeUndefined();
    expect(startCounter().start(cookies)).toBeDefined();
  });

  it("the counter remembers nine logins at most", () => {
    const counter = startCounter();

    let cookie = pairOf(counter.start(undefined));
    for (let count = 0; count < 20; count += 1) cookie = pairOf(counter.next(cookie));

    expect(counter.read(cookie)).toBe(9);
    expect(cookie.length).toBeLessThan(200);
  });

  it.each([
    undefined,
    "",
    NAME,
    `${NAME}=`,
    `${NAME}=a.b.c`,
    `${NAME}=NaN.Infinity.-1.1e400`,
    `${NAME}=${Date.now() + 1_000_000}`,
    `not-${NAME}=${Date.now()}`,
  ])("the counter counts no login in %j", (cookie) => {
    expect(startCounter().read(cookie)).toBe(0);
  });

  it("the counter's cookie is bound to the host and to https if possible", () => {
    expect(startCounter(true).start(undefined)).toMatch(
      /^__Host-discord-1100000000000000099-logins=\d+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(startCounter(false).start(undefined)).toMatch(
      /^discord-1100000000000000099-logins=\d+; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it("the counter's cookie is removed if there is one", () => {
    const counter = startCounter();

    expect(counter.removal("other=1")).toBeUndefined();
    expect(counter.removal(undefined)).toBeUndefined();
    expect(counter.removal(pairOf(counter.start(undefined)))).toBe(
      `${NAME}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`,
    );
  });
});
