import { parse } from "cookie";
import { describe, expect, it } from "vitest";
import { digestOf } from "../src/digest.js";
import { type Flow, Flows } from "../src/login/flow.js";
import { OwnCookies } from "../src/login/own-cookies.js";
import { createSeal } from "../src/seal.js";
import { movableClock } from "./support/clock.js";

const SEAL = createSeal(["a secret of the login cookie"], "1100000000000000099");

interface Started {
  readonly state: string;
  readonly name: string;
  /** As a browser sends it back. */
  readonly pair: string;
  readonly setCookies: readonly string[];
}

function start(flows: Flows, data?: unknown, cookieHeader?: string): Started {
  const { state, setCookies } = flows.start(cookieHeader, { pkce: true, scopes: ["identify"], data });
  const pair = setCookies.at(-1)?.split(";")[0] ?? "";
  return { state, name: pair.split("=")[0] ?? "", pair, setCookies };
}

describe("a login under way", () => {
  it("is found again with all that it was started with", () => {
    const flows = new Flows(SEAL, new OwnCookies(false));
    const clock = movableClock();
    const began = clock.now();

    const { state, pair } = start(flows, { a: [1] });
    const flow: Flow = flows.find(`other=1; ${pair}`, state);

    expect(flow).toEqual({
      state,
      verifier: expect.stringMatching(/^[\w-]{43}$/),
      scopes: ["identify"],
      data: { a: [1] },
      expires: expect.any(Number),
    });
    expect(flow.expires - began).toBeGreaterThanOrEqual(600_000);
    expect(flow.expires - began).toBeLessThan(601_000);
  });

  it("has a challenge that is the hash of its verifier, and neither without PKCE", () => {
    const flows = new Flows(SEAL, new OwnCookies(false));

    const started = flows.start(undefined, { pkce: true, scopes: [] });
    const without = flows.start(undefined, { pkce: false, scopes: [] });

    const { verifier = "" } = flows.find(started.setCookies[0]?.split(";")[0], started.state);
    expect(started.challenge).toBe(digestOf(verifier));
    expect(without.challenge).toBeUndefined();
    expect(flows.find(without.setCookies[0]?.split(";")[0], without.state)).not.toHaveProperty("verifier");
  });

  it.each([undefined, "", "other=1", "discord-aaaaaaaaaaaa=x"])(
    "is unknown among the cookies %j",
    (cookies) => {
      expect(() => new Flows(SEAL, new OwnCookies(false)).find(cookies, "state")).toThrow(
        expect.objectContaining({ code: "flow_unknown", status: 400 }),
      );
    },
  );

  it("is invalid for a state whose hash begins alike", () => {
    const flows = new Flows(SEAL, new OwnCookies(false));
    const { state, name } = start(flows);
    const forged = SEAL.seal("flow", name, JSON.stringify({ state: "another", scopes: [], expires: 9e15 }));

    expect(() => flows.find(`${name}=${forged}`, state)).toThrow(
      expect.objectContaining({ code: "flow_invalid" }),
    );
  });

  it("expires after exactly ten minutes", () => {
    const clock = movableClock();
    const flows = new Flows(SEAL, new OwnCookies(false));
    const { state, pair } = start(flows);
    const { expires } = flows.find(pair, state);

    clock.advance(expires - clock.now() - 1000);
    expect(flows.find(pair, state).state).toBe(state);
    clock.advance(1000);
    expect(() => flows.find(pair, state)).toThrow(expect.objectContaining({ code: "flow_expired" }));
  });

  it("is named for the host only on https", () => {
    expect(start(new Flows(SEAL, new OwnCookies(true))).name).toMatch(/^__Host-discord-[\w-]{12}$/);
    expect(start(new Flows(SEAL, new OwnCookies(false))).name).toMatch(/^discord-[\w-]{12}$/);
  });

  it("is ended by a cookie of the same name and rights", () => {
    const { state, name } = start(new Flows(SEAL, new OwnCookies(true)));

    expect(new Flows(SEAL, new OwnCookies(true)).end(state)).toBe(
      `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it("drops the oldest, the expired and the unreadable of its kind, and nothing else", () => {
    const clock = movableClock();
    const flows = new Flows(SEAL, new OwnCookies(false));
    const expired = start(flows);
    clock.advance(600_000);
    const data = "x".repeat(1200);
    const logins = [];
    for (let count = 0; count < 3; count += 1) {
      logins.push(start(flows, data));
      clock.advance(1000);
    }
    const unreadable = "discord-unreadable12=abc";
    const others = "discord-theme=dark; __Host-discord-abcdefghijkl=x; sid=1";
    const header = [expired, ...logins].map(({ pair }) => pair).join("; ");

    const { setCookies } = start(flows, data, `${others}; ${unreadable}; ${header}`);

    const dropped = setCookies.slice(0, -1).map((cookie) => Object.keys(parse(cookie))[0]);
    expect(dropped.toSorted()).toEqual([expired.name, "discord-unreadable12", logins[0]?.name].toSorted());
    for (const cookie of setCookies.slice(0, -1)) expect(cookie).toContain("Max-Age=0");
  });

  it("takes no data that JSON cannot write", () => {
    const round: Record<string, unknown> = {};
    round["self"] = round;

    for (const data of [round, 1n]) {
      expect(() => start(new Flows(SEAL, new OwnCookies(false)), data)).toThrow(
        new TypeError("data must be something that JSON can write."),
      );
    }
  });

  it("takes no data beyond 3,000 bytes of cookie", () => {
    const flows = new Flows(SEAL, new OwnCookies(false));
    const longest = Array.from({ length: 3000 }, (_, size) => size).findLast((size) => {
      try {
        return start(flows, "x".repeat(size)).setCookies[0];
      } catch {
        return false;
      }
    });

    const [cookie = ""] = start(flows, "x".repeat(longest ?? 0)).setCookies;
    expect(cookie.length).toBeGreaterThan(2990);
    expect(cookie.length).toBeLessThanOrEqual(3000);
    expect(() => start(flows, "x".repeat(3000))).toThrow(/takes \d+ bytes of at most 3000\./);
  });
});
