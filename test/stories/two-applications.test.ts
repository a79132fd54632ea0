import type { Application } from "express";
import { describe, expect, it } from "vitest";
import { DiscordOAuth2Session } from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signedInAs } from "../support/login.js";

/** An app with a sub-app at `/shop`, which signs in with another Discord application in the same session. */
async function startTwo(createApp: () => Application) {
  const simulator = await startSimulator();
  const shopSimulator = await startSimulator({ clientId: "1100000000000000088" });
  const app = await startApp(createApp, simulator, {
    routes(to, { redirectUri }) {
      const shop = createApp();
      to.use("/shop", shop);
      const shopUri = new URL("/shop/callback", redirectUri).href;
      shopSimulator.addRedirectUri(shopUri);
      const discord = new DiscordOAuth2Session(shop, { ...shopSimulator.options, redirectUri: shopUri });
      shop.get(
        "/login",
        forward((req, res) => discord.createSession(req, res)),
      );
      shop.get(
        "/callback",
        forward(async (req, res) => void res.json(await discord.callback(req, res))),
      );
      shop.get(
        "/me",
        forward(async (req, res) => {
          const { id } = await discord.fetchUser(req);
          res.json({ id, userId: discord.userId(req) });
        }),
      );
      shop.post(
        "/logout",
        forward(async (req, res) => {
          await discord.revoke(req);
          res.end();
        }),
      );
    },
  });
  const user = simulator.addUser();
  const customer = shopSimulator.addUser();
  const browser = app.browser();
  const signInToShop = async () => {
    const { location = "" } = await browser.get("/shop/login");
    await browser.get(await shopSimulator.approve(location, { user: customer }));
  };
  return { browser, user, customer, signInToShop };
}

describe.each(LATEST_EXPRESS)("two Discord applications in one session on %s", (_name, createApp) => {
  it("a login with one application leaves the sign-in with the other as it is", async () => {
    const { browser, customer, signInToShop, user } = await startTwo(createApp);

    for (let count = 0; count < 2; count += 1) {
      await browser.signIn("/login", { user });
      await signInToShop();

      expect(await signedInAs(browser)).toBe(user.id);
      expect((await browser.get("/shop/me")).json()).toEqual({ id: customer.id, userId: customer.id });
    }
  });

  it("a logout from one application leaves the sign-in with the other as it is", async () => {
    const { browser, signInToShop, user } = await startTwo(createApp);
    await browser.signIn("/login", { user });
    await signInToShop();

    await browser.post("/shop/logout");

    expect(await signedInAs(browser)).toBe(user.id);
    expect((await browser.get("/shop/me")).status).toBe(401);
  });
});
