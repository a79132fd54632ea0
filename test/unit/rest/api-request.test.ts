import { describe, expect, test } from "vitest";
import { type ApiRequest, encodeRequest } from "../../../src/rest/api-request.js";
import { parseRoute } from "../../../src/rest/route.js";
import { USER_AGENT } from "../../../src/version.js";
import { rejection } from "../../support/answering-server.js";

function encode(request: ApiRequest, method = "POST", route = "/channels/1/messages") {
  return encodeRequest("Bearer nellys-access-token", parseRoute(route), { method, ...request });
}

test("a request carries the token and Discord's User-Agent", async () => {
  expect(await encode({}, "GET", "/users/@me")).toEqual({
    method: "GET",
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
  ])("the method %j is %s", async (given, method) => {
    expect(await encode({ method: given })).toMatchObject({ method });
  });

  test.each([["CONNECT"], [""], ["GET /"]])("the method %j is refused", async (method) => {
    await expect(encode({ method })).rejects.toThrow("The method must be one of GET, HEAD, POST");
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
  ])("a body of %j is sent as %j", async (request, body, type) => {
    const encoded = await encode(request);
    expect(encoded).toMatchObject({ body });
    expect(encoded.headers["content-type"]).toBe(type);
  });

  test("a body of text or bytes is not changed", async () => {
    for (const body of ["", new Uint8Array([0, 255])]) {
      expect((await encode({ body })).body).toBe(body);
    }
  });

  test("a body of form data becomes bytes, with the type that names its boundary", async () => {
    const form = new FormData();
    form.set("a", "b");
    const own = { "Content-Type": "multipart/form-data", X: "1" };
    const { body, headers } = await encode({ body: form, headers: own });
    const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(headers["content-type"] ?? "")?.[1];
    expect(Buffer.from(body ?? "").toString()).toContain(`--${boundary}\r\n`);
    expect(headers["x"]).toBe("1");
  });

  test.each([[{ content: "Hello" }], [null], [42]])("a body such as %j is refused", async (body) => {
    await expect(encode({ body: body as unknown as string })).rejects.toThrow("body must be a string");
  });

  test("a body is refused if there are two, with GET, and if JSON cannot hold it", async () => {
    await expect(encode({ json: 1, body: "1" })).rejects.toThrow("either json or body");
    const withGet = encode({ json: 1 }, "GET");
    await expect(withGet).rejects.toThrow("A GET request has no body: set a method such as POST.");
    await expect(encode({ body: "" }, "HEAD")).rejects.toThrow("A HEAD request has no body");
    const withFunction = encode({ json: () => 1 });
    await expect(withFunction).rejects.toThrow("json must be a JSON value, not a function.");
  });
});

describe("request headers", () => {
  test("the caller's headers are added", async () => {
    const { headers } = await encode({ headers: { "X-Super": "yes" } });
    expect(headers).toMatchObject({ "x-super": "yes" });
  });

  test("the headers carry the reason for the audit log, percent-encoded", async () => {
    const { headers } = await encode({ reason: "zu laut 🔊\ud83d" });
    expect(headers["x-audit-log-reason"]).toBe("zu%20laut%20%F0%9F%94%8A%EF%BF%BD");
  });

  test.each(["Authorization", "HOST", "user-agent", "Content-Length", "transfer-encoding", "Connection"])(
    "the header %s is refused",
    async (name) => {
      const error = await rejection(encode({ headers: { [name]: "s3cr3t" } }));
      expect(error).toBeInstanceOf(TypeError);
      expect((error as TypeError).message).toContain(name);
      expect((error as TypeError).message).not.toContain("s3cr3t");
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
  ])("the header %j with %j is refused, and its value is not shown", async (name, value) => {
    const error = await rejection(encode({ headers: { [name]: value } }));
    expect(error).toBeInstanceOf(TypeError);
    expect((error as TypeError).message).not.toContain("s3cr3t");
  });
});

test.each([
  [{ query: { a: 1, b: true, c: false, d: 2n ** 60n } }, "?a=1&b=true&c=false&d=1152921504606846976"],
  [{ query: { id: ["1", 2, 3n], "a b": "c&d=e#f" } }, "?id=1&id=2&id=3&a%20b=c%26d%3De%23f"],
  [{ query: { left: undefined, out: null as unknown as undefined, of: [] } }, ""],
  [{ query: undefined }, ""],
])("the query of %o is written as %j", async (request, query) => {
  expect((await encode(request, "GET", "/users/@me")).path).toBe(`/api/v10/users/@me${query}`);
});

test.each([{}, new Date(0), Promise.resolve(1), () => 1, Symbol("one"), [{}]])(
  "the value %o in a query is refused",
  async (value) => {
    const query = { "l<imit": value as never };
    await expect(encode({ query }, "GET", "/a")).rejects.toThrow(
      /^The query parameter "l\\u003cimit" must be a string, number, bigint or boolean, not a/,
    );
  },
);

test("a query is added to that of the route", async () => {
  expect((await encode({ query: { b: 2 } }, "GET", "/a?c=1")).path).toBe("/api/v10/a?c=1&b=2");
});
