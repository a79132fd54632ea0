import { ExpressAuth, type ExpressAuthConfig, getSession } from "@auth/express";
import Discord from "@auth/express/providers/discord";
import express from "express";
import { expect, it, onTestFinished, vi } from "vitest";
import type { SimulatorOptions } from "../../src/testing/index.js";
import { guildsByFetch, revokeByFetch, startStory, urlOf } from "./story.js";

const WEEK_MS = 604_800_000;

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

/** An app as in the guides, with rotation of refresh tokens. */
async function start(options: SimulatorOptions = {}) {
  const story = await startStory({ intercept: "fetch", ...options });
  const { discord, clientId, clientSecret, approve } = story;
  const app = express();
  const url = await urlOf(app.listen(0, "127.0.0.1"));
  discord.addRedirectUri(`${url}/auth/callback/discord`);
  const config: ExpressAuthConfig = {
    secret: "a secret of Auth.js, of 32 characters",
    trustHost: true,
    logger: { error() {} },
    providers: [
      Discord({ clientId, clientSecret, authorization: { params: { scope: "identify email guilds" } } }),
    ],
    callbacks: {
      async jwt({ token, account }) {
        if (account) {
          const { access_token, expires_at, refresh_token } = account;
          return { ...token, access_token, expires_at, refresh_token };
        }
        if (Date.now() < Number(token["expires_at"]) * 1000) return token;
        const response = await fetch("https://discord.com/api/oauth2/token", {
          method: "POST",
          body: new URLSearchParams({
            client_id: clientId,
            client_secret: clientSecret,
            grant_type: "refresh_token",
            refresh_token: String(token["refresh_token"]),
          }),
        });
        const { access_token, refresh_token, expires_in } = (await response.json()) as Tokens;
        const expires_at = Math.floor(Date.now() / 1000 + expires_in);
        return { ...token, access_token, refresh_token, expires_at };
      },
      session: ({ session, token }) => ({ ...session, access_token: token["access_token"] }),
    },
  };
  app.set("trust proxy", true);
  app.use("/auth/*", ExpressAuth(config));
  app.get("/me", async (req, res) => void res.json(await getSession(req, config)));

  const browser = discord.browser(url);
  return {
    ...story,
    browser,
    /** @returns where the callback leads, without the app's own address */
    async signIn() {
      const { csrfToken } = (await browser.get("/auth/csrf")).json<{ csrfToken: string }>();
      const form = { csrfToken, callbackUrl: `${url}/me` };
      const login = await browser.post("/auth/signin/discord", { form });
      const callback = await approve(login.location ?? "");
      return (await browser.get(callback.href, { crossSite: true })).location?.replace(url, "");
    },
  };
}

it("@auth/express signs in on Express 4 and refreshes with intercept()", async () => {
  const { browser, signIn, user, guild, clientId, clientSecret, revoke } = await start();
  expect(await signIn()).toBe("/me");
  const session = (await browser.get("/me")).json<{ user: object; access_token: string }>();
  expect(session.user).toMatchObject({ name: "Mira", email: user.payload.email });
  expect(await guildsByFetch(session.access_token)).toMatchObject([{ id: guild.id }]);

  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + WEEK_MS });
  onTestFinished(() => void vi.useRealTimers());
  const later = (await browser.get("/auth/session")).json<Tokens>();
  expect(later.access_token).not.toBe(session.access_token);
  await revoke(later.access_token, (token) => revokeByFetch(token, clientId, clientSecret));
});

it("@auth/express refuses a login that names the issuer", async () => {
  const { browser, signIn } = await start({ behaviour: { issOnSuccess: true } });
  expect(await signIn()).toMatch(/^\/auth\/error/);
  expect((await browser.get("/me")).json()).toBeNull();
});
