import { parse } from "cookie";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../../src/digest.js";
import type { Flow } from "../../../src/login/flow.js";
import { createSeal } from "../../../src/seal.js";
import { movableClock } from "../../support/clock.js";
import { type LoginFlows, loginFlows } from "../../support/login-flows.js";

const CLIENT_ID = "1100000000000000099";
const SEAL = createSeal(["a secret of the login cookie"], CLIENT_ID);

function startFlows({ secure = false, clientId = CLIENT_ID } = {}): LoginFlows {
  return loginFlows(SEAL, clientId, secure);
}

interface Started {
  readonly state: string;
  readonly name: string;
  /** The cookie as a browser sends it back. */
  readonly pair: string;
  readonly setCookies: readonly string[];
}

function start(flows: LoginFlows, data?: unknown, cookieHeader?: string): Started {
  const { state, setCookies } = flows.start(cookieHeader, { scopes: ["identify"], data });
  const pair = setCookies.at(-1)?.split(";")[0] ?? "";
  return { state, name: pair.split("=")[0] ?? "", pair, setCookies };
}

function find(flows: LoginFlows, cookieHeader: string | undefined, state: string): Flow {
  const flow = flows.find(cookieHeader, state);
  if (!flow) throw new Error("There is no login with this state.");
  return flow;
}

describe("login flows", () => {
  it("a login in progress is found again with everything it was started with", () => {
    const flows = startFlows();
    const clock = movableClock();
    const began = clock.now();

    const { state, pair } = start(flows, { a: [1] });
    const flow = find(flows, `other=1; ${pair}`, state);

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

  it("the challenge of a login is the hash of its verifier, and both are missing without PKCE", () => {
    const flows = startFlows();

    const started = flows.start(undefined, { scopes: [] });
    const without = flows.start(undefined, { scopes: ["role_connections.write"] });

    const { verifier = "" } = find(flows, started.setCookies[0]?.split(";")[0], started.state);
    expect(started.challenge).toBe(digestOf(verifier));
    expect(without.challenge).toBeUndefined();
    expect(flows.find(without.setCookies[0]?.split(";")[0], without.state)).not.toHaveProperty("verifier");
  });

  it.each([undefined, "", "other=1", "discord-1100000000000000099-aaaaaaaaaaaa=x"])(
    "a login is unknown with the cookies %j",
    (cookies) => {
      expect(startFlows().find(cookies, "state")).toBeUndefined();
    },
  );

  it("a login is invalid for a state whose hash begins alike", () => {
    const flows = startFlows();
    const { state, name } = start(flows);
    const forged = SEAL.seal("flow", name, JSON.stringify({ state: "another", scopes: [], expires: 9e15 }));

    expect(() => flows.find(`${name}=${forged}`, state)).toThrow(
      expect.objectContaining({ code: "flow_invalid" }),
    );
  });

  it("a login expires after exactly ten minutes", () => {
    const clock = movableClock();
    const flows = startFlows();
    const { state, pair } = start(flows);
    const { expires } = find(flows, pair, state);

    clock.advance(expires - clock.now() - 1000);
    expect(find(flows, pair, state).state).toBe(state);
    clock.advance(1000);
    expect(() => flows.find(pair, state)).toThrow(expect.objectContaining({ code: "flow_expired" }));
  });

  it("the login cookie is named for the host only on https", () => {
    expect(start(startFlows({ secure: true })).name).toMatch(
      /^__Host-discord-1100000000000000099-[\w-]{12}$/,
    );
    expect(start(startFlows()).name).toMatch(/^discord-1100000000000000099-[\w-]{12}$/);
  });

  it("a cookie of the same name and attributes ends a login", () => {
    const { state, name } = start(startFlows({ secure: true }));

    expect(startFlows({ secure: true }).end(state)).toBe(
      `${name}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
  });

  it("a new login drops the oldest and expired login cookies, but none that it cannot open", () => {
    const clock = movableClock();
    const flows = startFlows();
    const expired = start(flows);
    clock.advance(600_000);
    const data = "x".repeat(1200);
    const logins = [];
    for (let count = 0; count < 3; count += 1) {
      logins.push(start(flows, data));
      clock.advance(1000);
    }
    const others = [
      "discord-theme=dark",
      "discord-abcdefghijkl=an app's own",
      "__Host-discord-1100000000000000099-abcdefghijkl=x",
      "discord-1100000000000000099-abcdefghijkl=abc",
      `discord-1100000000000000099-mnopqrstuvwx=${logins[2]?.pair.split("=")[1]}`,
      "sid=1",
    ];
    const header = [...others, ...[expired, ...logins].map(({ pair }) => pair)].join("; ");

    const { setCookies } = start(flows, data, header);

    const dropped = setCookies.slice(0, -1).map((cookie) => Object.keys(parse(cookie))[0]);
    expect(dropped.toSorted()).toEqual([expired.name, logins[0]?.name].toSorted());
    for (const cookie of setCookies.slice(0, -1)) expect(cookie).toContain("Max-Age=0");
  });

  it("a login leaves the cookies of another application on the same host alone", () => {
    const clock = movableClock();
    const other = startFlows({ clientId: "1100000000000000100" });
    const expired = start(other);
    clock.advance(600_000);
    const logins = Array.from({ length: 6 }, () => start(other, "x".repeat(1500)));
    const header = [expired, ...logins].map(({ pair }) => pair).join("; ");

    expect(start(startFlows(), undefined, header).setCookies).toHaveLength(1);
    expect(start(other, undefined, header).setCookies.length).toBeGreaterThan(2);
  });

  it("a login refuses data that JSON cannot represent", () => {
    const round: Record<string, unknown> = {};
    round["self"] = round;

    for (const data of [round, 1n]) {
      expect(() => start(startFlows(), data)).toThrow(new TypeError("data must be a JSON value."));
    }
  });

  it("a login refuses data that needs more than 3,000 bytes of cookie", () => {
    const flows = startFlows();
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
    expect(() => start(flows, "x".repeat(3000))).toThrow(/would take \d+ bytes, and the limit is 3000\./);
  });
});
