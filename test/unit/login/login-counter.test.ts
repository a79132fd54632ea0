import type { IncomingMessage, ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { LoginCounter } from "../../../src/login/login-counter.js";
import { movableClock } from "../../support/clock.js";
import { ownCookies, requestWith, setCookiesOf } from "../../support/login-flows.js";

const NAME = "discord-1100000000000000099-logins";

function startCounter(secure = false): LoginCounter {
  return new LoginCounter(ownCookies("1100000000000000099", secure));
}

/** The `Set-Cookie` header of one step of a counter, if there is any. */
function setBy(
  step: (req: IncomingMessage, res: ServerResponse) => void,
  cookie: string | undefined,
): string | undefined {
  return setCookiesOf((res) => step(requestWith(cookie), res))[0];
}

/** The steps of a counter, and the cookie that a browser has after them. */
function browserOf(counter: LoginCounter, jar = "") {
  let cookie = jar;
  const keep = (setCookie: string | undefined) => {
    cookie = setCookie?.split(";")[0] ?? cookie;
  };
  return {
    start: () => keep(setBy((req, res) => counter.start(req, res), cookie)),
    add: () => keep(setBy((req, res) => counter.add(req, res), cookie)),
    loops: () => counter.isLooping(requestWith(cookie)),
    cookie: () => cookie,
  };
}

describe("the login counter", () => {
  it("three logins within a minute are a loop, including the first one", () => {
    const clock = movableClock();
    const browser = browserOf(startCounter());

    browser.start();
    const loops = [browser.loops()];
    for (const ms of [20_000, 20_000, 10_000, 60_000]) {
      clock.advance(ms);
      browser.add();
      loops.push(browser.loops());
    }

    expect(loops).toEqual([false, false, true, true, false]);
  });

  it("three logins in more than a minute are not a loop", () => {
    const clock = movableClock();
    const browser = browserOf(startCounter());

    browser.start();
    for (const ms of [30_000, 30_000]) {
      clock.advance(ms);
      browser.add();
    }

    expect(browser.loops()).toBe(false);
  });

  it("the login counter counts nothing before it is started, and starts once", () => {
    const counter = startCounter();
    const browser = browserOf(counter);
    browser.start();

    for (const cookie of [undefined, "", "sid=1"])
      expect(setBy((req, res) => counter.add(req, res), cookie)).toBeUndefined();
    expect(setBy((req, res) => counter.start(req, res), browser.cookie())).toBeUndefined();
  });

  it("the login counter ignores that of another application on the same host", () => {
    const other = browserOf(new LoginCounter(ownCookies("1100000000000000100")));
    for (const step of [other.start, other.add, other.add]) step();
    const counter = startCounter();

    expect(other.loops()).toBe(true);
    expect(counter.isLooping(requestWith(other.cookie()))).toBe(false);
    expect(setBy((req, res) => counter.add(req, res), other.cookie())).toBeUndefined();
    expect(setBy((req, res) => counter.stop(req, res), other.cookie())).toBeUndefined();
    expect(setBy((req, res) => counter.start(req, res), other.cookie())).toBeDefined();
  });

  it("the counter's cookie does not grow with the logins", () => {
    const browser = browserOf(startCounter());

    browser.start();
    for (let count = 0; count < 20; count += 1) browser.add();

    expect(browser.loops()).toBe(true);
    expect(browser.cookie().length).toBeLessThan(100);
  });

  it.each([
    undefined,
    "",
    NAME,
    `${NAME}=`,
    `${NAME}=a.b.c`,
    `${NAME}=NaN.Infinity.-1.1e400`,
    `${NAME}=${Array(3)
      .fill(Date.now() + 1_000_000)
      .join(".")}`,
    `not-${NAME}=${Array(3).fill(Date.now()).join(".")}`,
  ])("the login counter finds no loop in %j", (cookie) => {
    expect(startCounter().isLooping(requestWith(cookie))).toBe(false);
  });

  it("the counter's cookie is bound to the host and to https if possible", () => {
    const start = (secure: boolean) => setBy((req, res) => startCounter(secure).start(req, res), undefined);

    expect(start(true)).toMatch(
      /^__Host-discord-1100000000000000099-logins=\d+; Max-Age=60; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(start(false)).toMatch(
      /^discord-1100000000000000099-logins=\d+; Max-Age=60; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it("the counter's cookie is removed if there is one", () => {
    const counter = startCounter();
    const browser = browserOf(counter);
    browser.start();
    const stop = (cookie?: string) => setBy((req, res) => counter.stop(req, res), cookie);

    expect(stop("other=1")).toBeUndefined();
    expect(stop()).toBeUndefined();
    expect(stop(browser.cookie())).toBe(`${NAME}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax`);
  });
});
