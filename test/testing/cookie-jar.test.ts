import { describe, expect, it, onTestFinished, vi } from "vitest";
import { CookieJar } from "../../src/testing/cookie-jar.js";

const HTTPS = "https://app.test/shop/cart";
const HTTP = "http://app.test/shop/cart";

function sent(jar: CookieJar, url: string, options: { method?: string; crossSite?: boolean } = {}) {
  return jar.headerFor({ url: new URL(url), method: "GET", crossSite: false, ...options });
}

function received(header: string, url = HTTPS): CookieJar {
  const jar = new CookieJar(new URL(url));
  jar.receive(header, new URL(url));
  return jar;
}

describe("sent cookies", () => {
  it("a cookie is sent to its own host, whatever the port", () => {
    const jar = received("a=1; Path=/");
    expect(sent(jar, "https://app.test/")).toBe("a=1");
    expect(sent(jar, "https://app.test:8443/")).toBe("a=1");
    expect(sent(jar, "https://sub.app.test/")).toBeUndefined();
    expect(sent(jar, "https://test/")).toBeUndefined();
  });

  it("a cookie is sent to subdomains if it names its domain", () => {
    const jar = received("a=1; Path=/; Domain=.App.test");
    expect(sent(jar, "https://sub.app.test/")).toBe("a=1");
    expect(sent(jar, "https://notapp.test/")).toBeUndefined();
  });

  it("a cookie is sent below its path, or below the directory it came from", () => {
    const jar = received("a=1; Path=/auth");
    expect([sent(jar, "https://app.test/auth"), sent(jar, "https://app.test/auth/x")]).toEqual([
      "a=1",
      "a=1",
    ]);
    expect(sent(jar, "https://app.test/authentic")).toBeUndefined();
    const byDefault = received("a=1");
    expect(sent(byDefault, "https://app.test/shop/x")).toBe("a=1");
    expect(sent(byDefault, "https://app.test/")).toBeUndefined();
    expect(sent(received("a=1", "https://app.test/cart"), "https://app.test/x")).toBe("a=1");
  });

  it("a Secure cookie is sent only over https", () => {
    const jar = received("a=1; Path=/; Secure");
    expect([sent(jar, HTTPS), sent(jar, HTTP)]).toEqual(["a=1", undefined]);
  });

  it("a cookie is sent from another site as SameSite says", () => {
    const crossSite = { crossSite: true };
    const post = { crossSite: true, method: "POST" };
    const cases = ["Strict", "Lax", "None; Secure", "Whatever"].map((sameSite) => {
      const jar = received(`a=1; Path=/; SameSite=${sameSite}`);
      return [sent(jar, HTTPS), sent(jar, HTTPS, crossSite), sent(jar, HTTPS, post)].map(
        (header) => header === "a=1",
      );
    });
    expect(cases).toEqual([
      [true, false, false],
      [true, true, false],
      [true, true, true],
      [true, true, false],
    ]);
  });

  it("several cookies are sent together, longest path first", () => {
    const jar = received("a=1; Path=/");
    jar.receive("b=2; Path=/shop", new URL(HTTPS));
    expect(sent(jar, HTTPS)).toBe("b=2; a=1");
  });

  it("the value of a cookie is sent as it came, including equals signs", () => {
    expect(sent(received("a= x=y== ; Path=/"), HTTPS)).toBe("a=x=y==");
  });
});

describe("refused cookies", () => {
  it.each([
    ["from http with Secure", "a=1; Secure", HTTP],
    ["for another domain", "a=1; Domain=evil.test", HTTPS],
    ["for a subdomain", "a=1; Domain=sub.app.test", HTTPS],
    ["without a name", "=1", HTTPS],
    ["with SameSite=None and without Secure", "a=1; SameSite=None", HTTPS],
    ["as __Secure- without Secure", "__Secure-a=1", HTTPS],
    ["as __Host- without Secure", "__Host-a=1; Path=/", HTTPS],
    ["as __Host- without Path=/", "__Host-a=1; Secure", HTTPS],
    ["as __Host- with another path", "__Host-a=1; Secure; Path=/shop", HTTPS],
    ["as __Host- with a domain", "__Host-a=1; Secure; Path=/; Domain=app.test", HTTPS],
  ])("a cookie %s is refused", (_name, header, url) => {
    expect(received(header, url).list()).toEqual([]);
  });

  it("a proper __Host- or __Secure- cookie is accepted", () => {
    expect(received("__Host-a=1; Secure; Path=/").get("__Host-a")).toBe("1");
    expect(received("__Secure-a=1; Secure").get("__Secure-a")).toBe("1");
  });
});

describe("expired cookies", () => {
  it("a cookie ends after Max-Age, which takes precedence over Expires", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const jar = received("a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    vi.setSystemTime(Date.now() + 59_999);
    expect(sent(jar, HTTPS)).toBe("a=1");
    vi.setSystemTime(Date.now() + 1);
    expect([sent(jar, HTTPS), jar.get("a"), jar.list()]).toEqual([undefined, undefined, []]);
  });

  it("a cookie ends at Expires", () => {
    const jar = received("a=1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT");
    expect(jar.list()[0]?.expiresAt).toBe(Date.UTC(2100, 0, 1));
    jar.receive("a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", new URL(HTTPS));
    expect(jar.list()).toEqual([]);
  });

  it("a cookie with an invalid date or age does not end", () => {
    expect(received("a=1; Max-Age=soon; Expires=later").list()[0]?.expiresAt).toBeUndefined();
  });

  it("a cookie with Max-Age=0 or less ends at once", () => {
    expect(received("a=1; Max-Age=0").list()).toEqual([]);
    expect(received("a=1; Max-Age=-1").list()).toEqual([]);
  });
});

describe("the jar", () => {
  it("the cookie jar describes its cookies", () => {
    expect(received("a=1; Path=/; HttpOnly; Secure; SameSite=Lax").list()).toEqual([
      {
        name: "a",
        value: "1",
        domain: "app.test",
        hostOnly: true,
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "lax",
        expiresAt: undefined,
      },
    ]);
  });

  it("the cookie jar replaces a cookie of the same name, domain and path", () => {
    const jar = received("a=1; Path=/");
    jar.receive("a=2; Path=/", new URL(HTTPS));
    jar.receive("a=3; Path=/shop", new URL(HTTPS));
    expect(sent(jar, HTTPS)).toBe("a=3; a=2");
  });

  it("the cookie jar can be filled and emptied by hand", () => {
    const jar = new CookieJar(new URL(HTTPS));
    jar.set("a", "1");
    jar.set("b", "2", { path: "/shop", secure: true });
    expect([sent(jar, HTTPS), sent(jar, "http://app.test/shop")]).toEqual(["b=2; a=1", "a=1"]);
    jar.clear("a");
    expect([jar.get("a"), jar.get("b")]).toEqual([undefined, "2"]);
    jar.clear();
    expect(jar.list()).toEqual([]);
  });

  it("the cookie jar can be copied", () => {
    const jar = received("a=1; Path=/");
    const copy = jar.clone();
    copy.set("b", "2");
    expect([sent(jar, HTTPS), sent(copy, HTTPS)]).toEqual(["a=1", "a=1; b=2"]);
  });
});
