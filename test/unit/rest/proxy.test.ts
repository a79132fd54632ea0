import { expect, test } from "vitest";
import { parseProxy } from "../../../src/rest/proxy.js";

test.each([
  ["http://proxy.example:3128", { uri: "http://proxy.example:3128" }],
  [
    "https://user:p%40ss@proxy.example/ignored",
    { uri: "https://proxy.example", token: `Basic ${btoa("user:p@ss")}` },
  ],
  ["http://user@proxy.example", { uri: "http://proxy.example", token: `Basic ${btoa("user:")}` }],
])("the proxy URL %s is split into the address and its credentials", (given, expected) => {
  expect(parseProxy(given)).toEqual(expected);
});

test.each(["", "proxy.example:3128", "socks5://u:s3cr3t@proxy.example", "http://u:s3cr3t%zz@proxy.example"])(
  "the proxy URL %j is refused, and the error does not repeat it",
  (given) => {
    expect(() => parseProxy(given)).toThrow(/^The proxy must be a URL such as/);
    expect(() => parseProxy(given)).not.toThrow(/s3cr3t/);
  },
);
