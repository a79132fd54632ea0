import type { AddressInfo, Socket } from "node:net";
import express, { type Express } from "express";
import { describe, expect, it, onTestFinished } from "vitest";
import type { DiscordSimulator } from "../../src/testing/index.js";
import { startForTest } from "./start-for-test.js";

async function serve(app: Express): Promise<string> {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An app that echoes requests and signs in with the simulator. */
function createApp(discord: DiscordSimulator, publicUrl?: string): Express {
  const app = express();
  app.use(express.json(), express.urlencoded());
  app.get("/auth", (_req, res) => res.redirect("/login"));
  app.get("/guarded", (req, res) => {
    if (req.accepts(["json", "html"]) === "html") res.redirect("/auth");
    else res.sendStatus(401);
  });
  app.get("/login", (req, res) => {
    const authorizeUrl = new URL(`${discord.url}/oauth2/authorize`);
    const query = {
      client_id: discord.options.clientId,
      response_type: "code",
      scope: "identify email",
      redirect_uri: `${publicUrl ?? `http://${req.headers.host}`}/callback`,
    };
    authorizeUrl.search = new URLSearchParams(query).toString();
    res
      .cookie("flow", "1", { sameSite: "lax", httpOnly: true })
      .cookie("strict", "1", { sameSite: "strict" });
    res.redirect(authorizeUrl.href);
  });
  app.get("/redirect/:status", (req, res) => res.redirect(Number(req.params.status), "/echo"));
  app.get("/loop", (_req, res) => res.redirect("/loop"));
  app.get("/away", (_req, res) => res.redirect("http://elsewhere.test/"));
  app.post("/redirect/:status", (req, res) => res.redirect(Number(req.params.status), "/echo"));
  app.use((req, res) => {
    const { method, headers, body, originalUrl: url } = req;
    res.json({ method, url, headers, body });
  });
  return app;
}

async function startApp() {
  const discord = await startForTest();
  const url = await serve(createApp(discord));
  discord.addRedirectUri(`${url}/callback`);
  return { discord, url, browser: discord.browser(url) };
}

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string | undefined>;
  readonly body: unknown;
}

/** An app that ends each connection without a response when the second request arrives on it. */
async function serveOncePerConnection(): Promise<{ url: string; requests: () => number }> {
  const served = new WeakSet<Socket>();
  let requests = 0;
  const app = express();
  app.use((req, res) => {
    requests += 1;
    if (served.has(req.socket) || req.url === "/never") req.socket.resetAndDestroy();
    else res.send(req.method);
    served.add(req.socket);
  });
  return { url: await serve(app), requests: () => requests };
}

it("a browser refuses an address that is not a string and sends nothing", async () => {
  const { discord, browser } = await startApp();
  const user = discord.addUser();
  for (const misuse of [
    () => browser.get({ path: "/echo" } as never),
    () => browser.post(undefined as never),
    () => browser.signIn(user as never, "/login" as never),
  ]) {
    await expect(misuse()).rejects.toThrow(
      /^The first argument must be a path or a URL such as "\/me", not /,
    );
  }
});

describe("requests", () => {
  it("a response has status, headers, text, JSON and URL", async () => {
    const { browser, url } = await startApp();
    const response = await browser.get("/echo?x=1");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("application/json");
    expect(JSON.parse(response.text)).toEqual(response.json());
    expect(response.json<Echo>()).toMatchObject({ method: "GET", url: "/echo?x=1" });
    expect([response.url, response.location]).toEqual([`${url}/echo?x=1`, undefined]);
  });

  it("a request carries a form, JSON, and any header", async () => {
    const { browser } = await startApp();
    const form = await browser.post("/echo", { form: { a: "1 & 2" } });
    expect(form.json<Echo>()).toMatchObject({ method: "POST", body: { a: "1 & 2" } });
    const json = await browser.request("/echo", { method: "PUT", json: { a: [1] } });
    expect(json.json<Echo>()).toMatchObject({ method: "PUT", body: { a: [1] } });
    const headers = { Host: "app.test", "Sec-Fetch-Site": "same-origin", "X-Forwarded-Proto": "https" };
    expect((await browser.get("/echo", { headers })).json<Echo>().headers).toMatchObject({
      host: "app.test",
      "sec-fetch-site": "same-origin",
      "x-forwarded-proto": "https",
    });
  });

  it("many requests can run at once", async () => {
    const { browser } = await startApp();
    const urls = Array.from({ length: 30 }, (_, index) => `/echo/${index}`);
    const answers = await Promise.all(urls.map((url) => browser.get(url)));
    expect(answers.map((answer) => answer.json<Echo>().url)).toEqual(urls);
  });

  it.each(["GET", "POST"])(
    "a %s uses a new connection if the app has just closed the kept one",
    async (method) => {
      const discord = await startForTest();
      const app = await serveOncePerConnection();
      const browser = discord.browser(app.url);
      for (let count = 0; count < 3; count++) {
        expect((await browser.request("/", { method, json: {} })).text).toBe(method);
      }
      expect(app.requests()).toBe(4);
    },
  );

  it("a request fails if the app resets a new connection, and is repeated only once", async () => {
    const discord = await startForTest();
    const app = await serveOncePerConnection();
    const browser = discord.browser(app.url);
    await expect(browser.get("/never")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(app.requests()).toBe(1);
    await browser.get("/");
    await expect(browser.get("/never")).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(app.requests()).toBe(4);
  });

  it("a request of the simulated browser fails if nobody listens", async () => {
    const { discord } = await startApp();
    await expect(discord.browser("http://127.0.0.1:9").get("/")).rejects.toThrow("ECONNREFUSED");
    await expect(discord.browser("https://127.0.0.1:9").get("/")).rejects.toThrow("ECONNREFUSED");
  });
});

describe("redirects", () => {
  it("a redirect is followed only on request", async () => {
    const { browser } = await startApp();
    const response = await browser.get("/redirect/302");
    expect([response.status, response.location]).toEqual([302, "/echo"]);
  });

  it.each([
    [302, "GET", undefined],
    [303, "GET", undefined],
    [307, "POST", { a: 1 }],
    [308, "POST", { a: 1 }],
  ])("a redirect with %i makes a POST a %s", async (status, method, body) => {
    const { browser, url } = await startApp();
    const response = await browser.post(`/redirect/${status}`, { json: { a: 1 }, redirect: "follow" });
    expect(response.url).toBe(`${url}/echo`);
    expect(response.json<Echo>().method).toBe(method);
    expect(response.json<Echo>().body).toEqual(body);
  });

  it("a redirect away from the app is not followed", async () => {
    const { browser } = await startApp();
    expect((await browser.get("/away", { redirect: "follow" })).location).toBe("http://elsewhere.test/");
  });

  it("an endless chain of redirects is not followed to the end", async () => {
    const { browser } = await startApp();
    await expect(browser.get("/loop", { redirect: "follow" })).rejects.toThrow("More than 20 redirects");
  });
});

describe("signing in", () => {
  it("signIn opens the login page, lets the app in, and comes back from another site", async () => {
    const { discord, browser } = await startApp();
    const callback = await browser.signIn("/auth", { user: discord.addUser(), scopes: ["identify"] });
    const { url, headers } = callback.json<Echo>();
    expect(url).toMatch(/^\/callback\?code=\w+$/);
    expect(headers).toMatchObject({
      cookie: "flow=1",
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "navigate",
    });
    expect(browser.cookies.get("strict")).toBe("1");
    expect(discord.requestsTo("POST /oauth2/authorize")[0]?.form).toMatchObject({ scope: "identify" });
  });

  it("signIn opens the login page as a browser does, so that guarded pages redirect it to the login", async () => {
    const { discord, browser } = await startApp();
    const callback = await browser.signIn("/guarded", { user: discord.addUser() });
    expect(callback.json<Echo>().url).toMatch(/^\/callback\?code=\w+$/);
  });

  it("signIn says how to name the user who signs in", async () => {
    const { discord, browser } = await startApp();
    const user = discord.addUser();
    for (const choices of [user, undefined, { user: user.id }])
      await expect(browser.signIn("/login", choices as never)).rejects.toThrow("{ user: discord.addUser() }");
  });

  it("signIn says what it found if a page does not lead to the simulator", async () => {
    const { discord, browser } = await startApp();
    const user = discord.addUser();
    await expect(browser.signIn("/away", { user })).rejects.toThrow(
      "/away does not lead to the simulated Discord (302)",
    );
    await expect(browser.signIn("/echo", { user })).rejects.toThrow('(200): {"method":"GET"');
  });

  it("signIn works with an app behind a proxy that terminates https", async () => {
    const discord = await startForTest();
    discord.addRedirectUri("https://app.test/callback");
    const via = await serve(createApp(discord, "https://app.test"));
    const browser = discord.browser("https://app.test", { via });
    const response = await browser.signIn("/login", { user: discord.addUser() });
    expect(response.url).toMatch(/^https:\/\/app\.test\/callback\?code=/);
    expect(response.json<Echo>().headers).toMatchObject({
      host: "app.test",
      "x-forwarded-host": "app.test",
      "x-forwarded-proto": "https",
    });
    browser.cookies.set("__Host-a", "1", { secure: true });
    expect((await browser.get("/echo")).json<Echo>().headers["cookie"]).toContain("__Host-a=1");
    expect((await browser.get(`${discord.url}/nowhere`)).status).toBe(404);
  });

  it("a path like //host leads to the proxy in front of the app, not to that host", async () => {
    const discord = await startForTest();
    const via = await serve(createApp(discord, "https://app.test"));
    const browser = discord.browser("https://app.test", { via });
    expect((await browser.get("https://app.test//127.0.0.1:1/x")).status).toBe(200);
  });
});

describe("clones", () => {
  it("a cloned browser has the same cookies, and is independent from then on", async () => {
    const { browser } = await startApp();
    await browser.get("/login");
    const clone = browser.clone();
    clone.cookies.clear("flow");
    expect([browser.cookies.get("flow"), clone.cookies.get("flow")]).toEqual(["1", undefined]);
    expect((await clone.get("/echo")).json<Echo>().headers["cookie"]).toBe("strict=1");
  });
});
