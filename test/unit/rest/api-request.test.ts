import { describe, expect, test } from "vitest";
import {
  encodeForm,
  encodeRequest,
  type Method,
  type PlainRequest,
  parseMethod,
} from "../../../src/rest/api-request.js";
import { parseRoute } from "../../../src/rest/route.js";
import { USER_AGENT } from "../../../src/version.js";

function encode(request: PlainRequest, method: Method = "POST", route = "/channels/1/messages") {
  return encodeRequest("Bearer nellys-access-token", method, parseRoute(route), request);
}

test("a request carries the token and Discord's User-Agent", () => {
  expect(encode({}, "GET", "/users/@me")).toEqual({
    path: "/api/v10/users/@me",
    headers: { authorization: "Bearer nellys-access-token", "user-agent": USER_AGENT },
    body: null,
  });
});

describe("methods", () => {
  test.each([
    [undefined, "GET"],
    ["post", "POST"],
    ["HEAD", "HEAD"],
  ])("the method %j is %s", (given, method) => {
    expect(parseMethod(given)).toBe(method);
  });

  test.each([["CONNECT"], [""], ["GET /"], [42], [null]])("the method %j is refused", (given) => {
    expect(() => parseMethod(given)).toThrow(TypeError);
  });
});

describe("bodies", () => {
  test.each([
    [{ json: { content: "Hello" } }, '{"content":"Hello"}', "application/json"],
    [{ json: null }, "null", "application/json"],
    [{ body: "a=b", headers: { "Content-Type": "text/x" } }, "a=b", "text/x"],
    [
      { json: [1], headers: { "content-type": "application/problem+json" } },
      "[1]",
      "application/problem+json",
    ],
    [{ body: "a=b" }, "a=b", undefined],
  ])("a body of %j is sent as %j", (request, body, type) => {
    expect(encode(request)).toMatchObject({ body });
    expect(encode(request).headers["content-type"]).toBe(type);
  });

  test("a body of text or bytes is not changed", async () => {
    for (const body of ["", new Uint8Array([0, 255])]) {
      const request = { body };
      expect(await encodeForm(request)).toBe(request);
      expect(encode(request).body).toBe(body);
    }
  });

  test("a body of form data becomes bytes, with the type that names its boundary", async () => {
    const form = new FormData();
    form.set("a", "b");
    const request = await encodeForm({
      body: form,
      headers: { "Content-Type": "multipart/form-data", X: "1" },
    });
    const { body, headers } = encode(request);
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers["content-type"] ?? "")?.[1];
    expect(Buffer.from(body ?? "").toString()).toContain(`--${boundary}\r\n`);
    expect(headers["x"]).toBe("1");
  });

  test.each([[{ content: "Hello" }], [null], [42]])("a body such as %j is refused", async (body) => {
    await expect(encodeForm({ body: body as unknown as string })).rejects.toThrow(TypeError);
  });

  test("a body is refused if there are two, with GET, and if JSON cannot hold it", () => {
    expect(() => encode({ json: 1, body: "1" })).toThrow("either json or body");
    expect(() => encode({ json: 1 }, "GET")).toThrow("A GET request has no body: set a method such as POST.");
    expect(() => encode({ body: "" }, "HEAD")).toThrow("A HEAD request has no body");
    expect(() => encode({ json: () => 1 })).toThrow("json must be a JSON value, not a function.");
  });
});

describe("request headers", () => {
  test("the caller's headers are added", () => {
    expect(encode({ headers: { "X-Super": "yes" } }).headers).toMatchObject({ "x-super": "yes" });
  });

  test("the headers carry the reason for the audit log, percent-encoded", () => {
    expect(encode({ reason: "zu laut 🔊\ud83d" }).headers["x-audit-log-reason"]).toBe(
      "zu%20laut%20%F0%9F%94%8A%EF%BF%BD",
    );
  });

  test.each(["Authorization", "HOST", "user-agent", "Content-Length", "transfer-encoding", "Connection"])(
    "the header %s is refused",
    (name) => {
      expect(() => encode({ headers: { [name]: "s3cr3t" } })).toThrow(TypeError);
      expect(() => encode({ headers: { [name]: "s3cr3t" } })).toThrow(name);
      expect(() => encode({ headers: { [name]: "s3cr3t" } })).not.toThrow("s3cr3t");
    },
  );

  test.each([
    ["X-Own", "s3cr3t\r\nHost: evil.example"],
    ["X-Own", "s3cr3t \u{1f510}"],
    ["X Own", "s3cr3t"],
    ["", "s3cr3t"],
    ["X-Own", undefined as unknown as string],
    ["X-A", { s3cr3t: 1 } as never],
    ["X-A", ["s3cr3t"] as never],
  ])("the header %j with %j is refused, and its value is not shown", (name, value) => {
    expect(() => encode({ headers: { [name]: value } })).toThrow(TypeError);
    expect(() => encode({ headers: { [name]: value } })).not.toThrow("s3cr3t");
  });
});

test.each([
  [{ query: { a: 1, b: true, c: false, d: 2n ** 60n } }, "?a=1&b=true&c=false&d=1152921504606846976"],
  [{ query: { id: ["1", 2, 3n], "a b": "c&d=e#f" } }, "?id=1&id=2&id=3&a%20b=c%26d%3De%23f"],
  [{ query: { left: undefined, out: null as unknown as undefined, of: [] } }, ""],
  [{ query: undefined }, ""],
])("the query of %o is written as %j", (request, query) => {
  expect(encode(request, "GET", "/users/@me").path).toBe(`/api/v10/users/@me${query}`);
});

test("a query is added to that of the route", () => {
  expect(encode({ query: { b: 2 } }, "GET", "/a?c=1").path).toBe("/api/v10/a?c=1&b=2");
});
