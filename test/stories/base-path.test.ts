import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type Application } from "express";
import { createProxyMiddleware } from "http-proxy-middleware";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DiscordOAuth2Session,
  discordRouter,
  type RouterOptions,
  redirectUnauthorized,
  requiresAuthorization,
} from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { beginLogin, signedInAs } from "../support/login.js";

const PAGE = { headers: { Accept: "text/html" } };

/** An app at `/shop` behind a proxy that strips it, as browsers see it. */
async function startBehindProxy(createApp: () => Application, router: RouterOptions = {}) {
  const simulator = await startSimulator();
  const site = express();
  const server = site.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const app = await startApp(createApp, simulator, {
    discord: { redirectUri: `${url}/shop/auth/callback`, basePath: "/shop" },
    routes(to) {
      to.use("/auth", discordRouter(router));
      to.get("/orders", requiresAuthorization, (_req, res) => void res.send("Your orders."));
      to.use(redirectUnauthorized("/auth/login"));
    },
  });
  const proxy = createProxyMiddleware({ target: app.url, changeOrigin: true });
  site.use("/shop", proxy);
  site.use((_req, res) => void res.status(404).send("Another app."));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const user = simulator.addUser();
  return { simulator, app, user, browser: simulator.browser(url) };
}

describe.each(EXPRESS)("basePath on %s", (_name, createApp) => {
  it("with basePath, visitors come back to the page that they wanted", async () => {
    const { browser, simulator, user } = await startBehindProxy(createApp);

    const refused = await browser.get("/shop/orders?page=2", PAGE);
    expect(refused.location).toBe("/shop/auth/login?returnTo=%2Fshop%2Forders%3Fpage%3D2");
    const callbackUrl = await simulator.approve(await beginLogin(browser, refused.location), { user });
    const back = await browser.get(callbackUrl);

    expect(back.location).toBe("/shop/orders?page=2");
    expect((await browser.get(back.location ?? "")).text).toBe("Your orders.");
  });

  it("with basePath, API clients learn the login's address", async () => {
    const { browser } = await startBehindProxy(createApp);

    expect((await browser.get("/shop/orders")).json()).toMatchObject({ login: "/shop/auth/login" });
  });

  it.each([
    ["/shop/", {}],
    ["/shop/home?x=1", { afterLogin: "/home?x=1", afterLogout: "/home?x=1" }],
    [
      "https://www.example.com/shop",
      { afterLogin: "https://www.example.com/shop", afterLogout: "https://www.example.com/shop" },
    ],
  ] as const)("with basePath, logins, Cancel and logouts lead to %s with %j", async (place, router) => {
    const { browser, simulator, user } = await startBehindProxy(createApp, router);

    const cancelled = await browser.get(
      await simulator.cancel(await beginLogin(browser, "/shop/auth/login"), { user }),
    );
    const login = await browser.signIn("/shop/auth/login", { user });
    const logout = await browser.post("/shop/auth/logout", { headers: { "Sec-Fetch-Site": "same-origin" } });

    expect([cancelled.location, login.location, logout.location]).toEqual([place, place, place]);
  });

  it("with basePath, the pages for visitors lead to the login", async () => {
    const { browser, simulator, user } = await startBehindProxy(createApp, { afterCancel: "/orders" });

    const lost = await browser.get("/shop/auth/callback?state=unknown&code=c");
    const cancelled = await browser.get(
      await simulator.cancel(await beginLogin(browser, "/shop/auth/login"), { user }),
    );
    const guarded = await browser.get(cancelled.location ?? "", { ...PAGE, redirect: "follow" });

    expect(lost.text).toContain('<a href="/shop/auth/login">');
    expect(guarded.text).toContain('<a href="/shop/auth/login?returnTo=%2Fshop%2Forders">');
  });

  it("a warning suggests basePath if the redirect URI has a prefix", async () => {
    const simulator = await startSimulator();
    const messages: string[] = [];
    const collect = ({ code, message }: Error & { code?: string }) => {
      if (code === "EXPRESS_DISCORD_OTHER_CALLBACK") messages.push(message);
    };
    process.on("warning", collect);
    onTestFinished(() => void process.off("warning", collect));
    const app = await startApp(createApp, simulator, {
      callbackPath: "/shop/auth/callback",
      routes: (to) => to.use("/auth", discordRouter()),
    });

    await app.browser().get("/auth/login");
    await new Promise((resolve) => setImmediate(resolve));

    expect(messages).toEqual([expect.stringContaining('If a proxy strips "/shop", set the option basePath')]);
  });

  it.each(["shop", "/shop/", "/", "", "//evil.example", "/a b", "/shop?x=1", 5])(
    "an invalid basePath is a TypeError: %j",
    async (basePath) => {
      const simulator = await startSimulator();
      const redirectUri = "http://localhost:3000/shop/auth/callback";

      expect(
        () =>
          new DiscordOAuth2Session(createApp(), {
            ...simulator.options,
            redirectUri,
            basePath: basePath as string,
          }),
      ).toThrow('basePath must be a path such as "/shop", without a trailing slash');
    },
  );

  it("with basePath, a sign-in works", async () => {
    const { app, browser, user } = await startBehindProxy(createApp);
    await browser.signIn("/shop/auth/login", { user });

    expect((await browser.get("/shop/me")).json()).toEqual({ id: user.id });
    expect(await signedInAs(app.browser())).toBeUndefined();
  });
});
