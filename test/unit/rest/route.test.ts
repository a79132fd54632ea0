import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRoute } from "../../../src/rest/route.js";
import { CASES } from "../../support/cases.js";

describe("route templates", () => {
  test.each([
    ["/users/@me", "/users/@me"],
    ["/guilds/197038439483310086/members/80351110224678912", "/guilds/:id/members/:id"],
    ["/users/@me/guilds?limit=5&after=1", "/users/@me/guilds"],
    ["/oauth2/applications/@me", "/oauth2/applications/@me"],
    ["/users/@me/applications/1/role-connection", "/users/@me/applications/:id/role-connection"],
    ["/guilds/1/widget.png", "/guilds/:id/widget.png"],
    ["/webhooks/1", "/webhooks/:id"],
    ["/webhooks/1/s3cr3t-T0ken", "/webhooks/:id/:token"],
    ["/webhooks/1/lowercase/messages/@original", "/webhooks/:id/:token/messages/@original"],
    ["/interactions/1/aW50ZXJhY3Rpb24/callback", "/interactions/:id/:token/callback"],
    ["/channels/1/messages/2/reactions/name:3/@me", "/channels/:id/messages/:id/reactions/:value/@me"],
    ["/invites/discord-developers", "/invites/:value"],
    ["/guilds/templates/hgM48av5Q69A", "/guilds/templates/:value"],
    ["/whatever/MTk4NjIyNDgzNDcxOTI1MjQ4", "/whatever/:value"],
    ["/users/@me/", "/users/@me/"],
  ])("the template of %s is %s", (route, template) => {
    expect(parseRoute(route).template).toBe(template);
  });

  test.each([
    [undefined, "undefined"],
    [null, "null"],
    [42, "42"],
    [{}, "an object"],
  ])("the route %s is refused", (route, expected) => {
    expect(() => parseRoute(route as unknown as string)).toThrow(TypeError);
    expect(() => parseRoute(route as unknown as string)).toThrow(
      `must be a string such as "/users/@me", not ${expected}.`,
    );
  });
});

test.each([
  ["/users/@me", ""],
  ["/guilds/197038439483310086/members/80351110224678912", "197038439483310086"],
  ["/users/@me/guilds/197038439483310086/member", "197038439483310086"],
  ["/channels/41771983423143937/messages", "41771983423143937"],
  ["/webhooks/223704706495545344", "223704706495545344"],
  ["/webhooks/223704706495545344/3d89bb7572e0fb30", "223704706495545344/3d89bb7572e0fb30"],
])("the rate limit of %s is counted by %j", (route, major) => {
  expect(parseRoute(route).major).toBe(major);
});

test("an error shows the ids of a route, but neither tokens nor the query", () => {
  expect(parseRoute("/webhooks/1/s3cr3t/messages/2?thread_id=3").shown).toBe("/webhooks/1/:token/messages/2");
  expect(() => parseRoute("https://discord.com/api/webhooks/1/s3cr3t?wait=true")).toThrow(
    '"https://discord.com/api/webhooks/1/:token"',
  );
  expect(() => parseRoute("webhooks/1/s3cr3t")).toThrow('"webhooks/1/:token"');
});

test("the query of a route stays, and characters beyond ASCII are encoded", () => {
  expect(parseRoute("/guilds/1/members/search?query=Jürgen&limit=2").path).toBe(
    "/api/v10/guilds/1/members/search?query=J%C3%BCrgen&limit=2",
  );
  expect(parseRoute("/channels/1/messages/2/reactions/👍/@me").path).toBe(
    "/api/v10/channels/1/messages/2/reactions/%F0%9F%91%8D/@me",
  );
  expect(parseRoute("/a?next=../b//c%2f").path).toBe("/api/v10/a?next=../b//c%2f");
});

test("a long route is parsed as well as a short one", () => {
  const route = `/guilds/1/members/search?query=${"x".repeat(500)}`;
  expect(parseRoute(route).path).toBe(`/api/v10${route}`);
});

describe("refused routes", () => {
  test.each([
    ["has no slash", "users/@me", 'it must begin with "/"'],
    ["is empty", "", 'it must begin with "/"'],
    ["is an absolute URL", "https://evil.example/", 'it must begin with "/"'],
    ["is another host", "//evil.example/x", "empty segment"],
    ["lacks an id", "/guilds//members", "empty segment"],
    ["has a backslash", "/\\evil.example", 'contains "\\" or "#"'],
    ["has a fragment", "/users/@me#x", 'contains "\\" or "#"'],
    ["goes up", "/../../oauth2/token", '"." or ".." segment'],
    ["goes up within the API", "/guilds/../users/@me", '"." or ".." segment'],
    ["stands still", "/users/./@me", '"." or ".." segment'],
    ["goes up before a query", "/..?a=b", '"." or ".." segment'],
    ["goes up in code", "/%2e%2E/x", '"." or ".." segment'],
    ["goes up in half code", "/.%2e", '"." or ".." segment'],
    ["goes up in double code", "/%252e%252e/x", '"." or ".." segment'],
    ["hides a slash", "/guilds/..%2f..", "an encoded slash"],
    ["hides a backslash", "/guilds/..%5C..", "an encoded slash"],
    ["hides a slash twice", "/guilds/%25252F", "an encoded slash"],
    ["hides a line break", "/users/@me%0d%0aX:1", "an encoded slash"],
    ["has a space", "/users/ @me", "whitespace"],
    ["has a tab in the host's place", "/\t/evil.example", "whitespace"],
    ["has a line break", "/users/@me\r\nX: 1", "whitespace"],
    ["has a null", "/users/\0", "whitespace"],
    ["has a space in the query", "/a?b= c", "whitespace"],
    ["has a fragment in the query", "/a?b=c#d", 'contains "\\" or "#"'],
    ["has half a character", "/users/\ud83d", "well-formed"],
  ])("a route is refused that %s", (_, route, why) => {
    expect(() => parseRoute(route)).toThrow(TypeError);
    expect(() => parseRoute(route)).toThrow(why);
  });

  test("a refused long route makes a short message", () => {
    expect(() => parseRoute("x".repeat(5000))).toThrow(/"x{100}\.\.\."/);
  });
});

test("whatever the route, the request stays below Discord's API", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom("/", "//", "..", ".", "%2e", "%2E", "%2f", "%5c", "%25", "\\", "@", ":", "?", "#", ";"),
    fc.constantFrom(
      "\t",
      "\n",
      "\r",
      "\0",
      " ",
      "\u2028",
      "\uff0e",
      "https:",
      "evil.example",
      "users",
      "123",
    ),
  );
  const route = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
    fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`),
    fc.array(piece, { maxLength: 6 }).map((pieces) => `/${pieces.join("/")}`),
  );
  fc.assert(
    fc.property(route, (given) => {
      let path: string;
      try {
        path = parseRoute(given).path;
      } catch (error) {
        return error instanceof TypeError;
      }
      const url = new URL(`https://discord.com${path}`);
      return (
        url.origin === "https://discord.com" &&
        url.pathname.startsWith("/api/v10/") &&
        `${url.pathname}${url.search}` === path &&
        /^[\x21-\x7e]+$/.test(path)
      );
    }),
    CASES,
  );
});
