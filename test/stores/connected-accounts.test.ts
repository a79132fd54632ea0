import type { Application } from "express";
import pg from "pg";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { ConnectedAccounts, CREATE_TABLE } from "../../examples/recipes/connected-accounts.js";
import { discordRouter, Unauthorized } from "../../src/index.js";
import type { Browser, DiscordSimulator, SimulatedUser } from "../../src/testing/index.js";
import { EXPRESS, forward, startApp, startSimulator } from "../support/app.js";
import { movableClock } from "../support/clock.js";
import { signedInAs } from "../support/login.js";
import { failureOf, WEEK_MS } from "../support/signed-in.js";
import { randomName } from "../support/store-kinds/random-name.js";

declare module "express-session" {
  interface SessionData {
    account?: string;
  }
}

const { databaseUrl } = inject("services");

/** The recipe with a table of its own. */
async function openPool(): Promise<pg.Pool> {
  const schema = `test_${randomName()}`;
  const pool = new pg.Pool({ connectionString: databaseUrl ?? "", options: `-c search_path=${schema}` });
  await pool.query(`CREATE SCHEMA "${schema}"`);
  await pool.query(CREATE_TABLE);
  onTestFinished(async () => {
    await pool.query(`DROP SCHEMA "${schema}" CASCADE`);
    await pool.end();
  });
  return pool;
}

async function startRecipe(createApp: () => Application) {
  const [simulator, pool] = [await startSimulator(), await openPool()];
  const clock = movableClock();
  let accounts: ConnectedAccounts | undefined;
  const recipe = () => accounts as ConnectedAccounts;
  const app = await startApp(createApp, simulator, {
    callbackPath: "/auth/callback",
    routes(to, discord) {
      accounts = new ConnectedAccounts(discord, pool);
      to.post("/local/:id", (req, res) => {
        req.session.account = req.params["id"];
        res.end();
      });
      to.get(
        "/connect",
        forward((req, res) => discord.createSession(req, res, { connect: req.session.account ?? "" })),
      );
      to.use(
        "/auth",
        discordRouter({
          accountOf: (req) => req.session.account,
          async onLogin(req, login) {
            if (login.connected) await recipe().connect(req.session.account ?? "", login);
          },
        }),
      );
      to.post(
        "/disconnect/:id",
        forward(async (req, res) => {
          const revoke = req.query["revoke"] === "true";
          await recipe().disconnect(req.session.account ?? "", String(req.params["id"]), { revoke });
          res.end();
        }),
      );
    },
  });
  const signInLocally = async (account: string) => {
    const browser = app.browser();
    await browser.post(`/local/${account}`);
    return browser;
  };
  const advance = (ms: number) => {
    clock.advance(ms);
    simulator.clock.advance(ms);
  };
  return { simulator, app, pool, accounts: recipe(), signInLocally, advance };
}

async function connect(browser: Browser, simulator: DiscordSimulator, user: SimulatedUser) {
  const { location = "" } = await browser.get("/connect", { headers: { "Sec-Fetch-Site": "same-origin" } });
  return browser.get(await simulator.approve(location, { user }), { crossSite: true });
}

describe.skipIf(databaseUrl === undefined).each(EXPRESS)(
  "accounts in PostgreSQL on %s",
  (_name, createApp) => {
    it("an account is connected with several Discord accounts, whose tokens work, and nobody is signed in", async () => {
      const { accounts, signInLocally, simulator } = await startRecipe(createApp);
      const [browser, users] = [await signInLocally("mira"), [simulator.addUser(), simulator.addUser()]];

      for (const user of users) expect((await connect(browser, simulator, user)).location).toBe("/");

      expect(await accounts.list("mira")).toEqual(users.map(({ id }) => id).toSorted());
      for (const { id } of users)
        expect((await (await accounts.session("mira", id))?.fetchUser())?.id).toBe(id);
      expect(await signedInAs(browser)).toBeUndefined();
    });

    it("a Discord account cannot be connected with two accounts", async () => {
      const { accounts, signInLocally, simulator } = await startRecipe(createApp);
      const user = simulator.addUser();
      await connect(await signInLocally("mira"), simulator, user);

      const answer = await connect(await signInLocally("eve"), simulator, user);

      expect(failureOf(answer)).toBe("403 forbidden");
      expect([await accounts.list("mira"), await accounts.list("eve")]).toEqual([[user.id], []]);
      expect(await accounts.session("eve", user.id)).toBeUndefined();
      expect((await (await accounts.session("mira", user.id))?.fetchUser())?.id).toBe(user.id);
    });

    it("each new pair of a connected account is stored, so it outlives its first week", async () => {
      const { accounts, advance, pool, signInLocally, simulator } = await startRecipe(createApp);
      const user = simulator.addUser();
      await connect(await signInLocally("mira"), simulator, user);
      const stored = async () => (await pool.query("SELECT token FROM discord_accounts")).rows[0].token;
      const first = await stored();

      for (let weeks = 1; weeks <= 3; weeks += 1) {
        advance(WEEK_MS + 1);
        expect((await (await accounts.session("mira", user.id))?.fetchUser({ fresh: true }))?.id).toBe(
          user.id,
        );
      }

      const last = await stored();
      expect(last).toMatchObject({ id: first.id, userId: user.id });
      expect([last.accessToken, last.refreshToken]).not.toContain(first.accessToken);
    });

    it("an account whose token Discord has ended can be connected again", async () => {
      const { accounts, signInLocally, simulator } = await startRecipe(createApp);
      const [browser, user] = [await signInLocally("mira"), simulator.addUser()];
      await connect(browser, simulator, user);
      simulator.removeAuthorization(user);
      const fetchUser = async () => (await accounts.session("mira", user.id))?.fetchUser({ fresh: true });
      await expect(fetchUser()).rejects.toThrow(Unauthorized);

      await connect(browser, simulator, user);

      expect((await fetchUser())?.id).toBe(user.id);
    });

    it("disconnecting an account deletes its token and leaves its sign-ins alone", async () => {
      const { accounts, app, pool, signInLocally, simulator } = await startRecipe(createApp);
      const [browser, device, user] = [await signInLocally("mira"), app.browser(), simulator.addUser()];
      await device.signIn("/auth/login", { user });
      await connect(browser, simulator, user);

      await browser.post(`/disconnect/${user.id}`);

      expect((await pool.query("SELECT * FROM discord_accounts")).rows).toEqual([]);
      expect(await accounts.session("mira", user.id)).toBeUndefined();
      expect(simulator.requestsTo("POST /oauth2/token/revoke")).toEqual([]);
      expect(await signedInAs(device)).toBe(user.id);
    });

    it("disconnecting an account with revoke ends its sign-ins too", async () => {
      const { app, pool, signInLocally, simulator } = await startRecipe(createApp);
      const [browser, device, user] = [await signInLocally("mira"), app.browser(), simulator.addUser()];
      await device.signIn("/auth/login", { user });
      await connect(browser, simulator, user);

      await browser.post(`/disconnect/${user.id}?revoke=true`);

      expect((await pool.query("SELECT * FROM discord_accounts")).rows).toEqual([]);
      expect(simulator.requestsTo("POST /oauth2/token/revoke")).toHaveLength(1);
      expect(await signedInAs(device)).toBeUndefined();
    });

    it("nobody can disconnect another visitor's account", async () => {
      const { accounts, signInLocally, simulator } = await startRecipe(createApp);
      const user = simulator.addUser();
      await connect(await signInLocally("mira"), simulator, user);

      await (await signInLocally("eve")).post(`/disconnect/${user.id}?revoke=true`);

      expect(await accounts.list("mira")).toEqual([user.id]);
      expect(simulator.requestsTo("POST /oauth2/token/revoke")).toEqual([]);
    });

    it("a refresh does not restore an account that was disconnected in the meantime", async () => {
      const { accounts, advance, signInLocally, simulator } = await startRecipe(createApp);
      const user = simulator.addUser();
      await connect(await signInLocally("mira"), simulator, user);
      const session = await accounts.session("mira", user.id);
      advance(WEEK_MS + 1);

      await accounts.disconnect("mira", user.id);
      await session?.fetchUser({ fresh: true });

      expect(await accounts.list("mira")).toEqual([]);
    });
  },
);
