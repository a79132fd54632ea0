import { expect, test } from "vitest";
import { noAnswer } from "../../../src/rest/call-errors.js";

const TOKEN = "nellys-access-token";
const CALL = {
  method: "GET",
  route: "/users/@me",
  scheme: "Bearer",
  token: TOKEN,
  secrets: [TOKEN],
} as const;

test("an error of several failed connections is described by the first", () => {
  const failures = [
    new Error("connect ECONNREFUSED ::1:443"),
    new Error("connect ECONNREFUSED 127.0.0.1:443"),
  ];
  const cause = Object.assign(new AggregateError(failures), { code: "ECONNREFUSED" });
  expect(noAnswer(CALL, { failure: "connection", cause }, 5000)).toMatchObject({
    message: "The connection to Discord failed: connect ECONNREFUSED ::1:443 (GET /users/@me).",
    status: 502,
    cause: { message: "connect ECONNREFUSED ::1:443", code: "ECONNREFUSED" },
  });
});

test("only message and code of the HTTP client's error are passed on, without the token", () => {
  const failure = Object.assign(new Error(`bad header ${TOKEN}`), {
    data: TOKEN,
    socket: {},
  });
  const { cause } = noAnswer(CALL, { failure: "connection", cause: failure }, 5000);
  expect(cause).toMatchObject({ message: "bad header [redacted]" });
  expect(Object.keys(cause as Error)).toEqual([]);
});
