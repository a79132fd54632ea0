import { describe, expect, it } from "vitest";
import { MissingScopes } from "../../src/index.js";
import type { BrowserResponse } from "../../src/testing/index.js";
import { LATEST_EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signedInAs } from "../support/login.js";
import { startSignedIn } from "../support/signed-in.js";

function scopesIn({ location = "" }: BrowserResponse): string | null {
  return new URL(location).searchParams.get("scope");
}

describe.each(LATEST_EXPRESS)("incremental authorization on %s", (_name, createApp) => {
  it("an incremental login asks only for the missing scopes, and keeps those granted", async () => {
    const { app, browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds"],
      login: (req) =>
        req.query["more"] === undefined
          ? {}
          : { scopes: String(req.query["more"]).split(" "), incremental: true, returnTo: "/connections" },
    });
    await browser.get("/connections");
    const { scopes } = app.errors.at(-1) as MissingScopes;
    expect(app.errors.at(-1)).toBeInstanceOf(MissingScopes);
    expect(scopes).toEqual(["connections"]);

    const asked = await browser.get(`/login?more=${scopes.join("+")}`);
    expect(scopesIn(asked)).toBe("identify guilds connections");
    const back = await browser.get(await simulator.approve(asked.location ?? "", { user }), {
      crossSite: true,
    });

    expect(back.json()).toMatchObject({
      returnTo: "/connections",
      scopes: ["identify", "guilds", "connections"],
    });
    expect((await browser.get("/connections")).status).toBe(200);
    expect((await browser.get("/guilds")).status).toBe(200);
    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("an incremental login keeps the app's session data, since the user is the same", async () => {
    const { browser, user } = await startSignedIn(createApp, {
      login: { scopes: ["guilds"], incremental: true },
      routes: (to) => {
        to.post("/basket", (req, res) => {
          Object.assign(req.session, { basket: 3 });
          res.end();
        });
        to.get("/basket", (req, res) => void res.json((req.session as { basket?: number }).basket ?? null));
      },
    });
    await browser.post("/basket");

    await browser.signIn("/login", { user });

    expect((await browser.get("/basket")).json()).toBe(3);
  });

  it("an incremental login does not ask again for scopes that Discord asks for each time", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      login: (req) =>
        req.query["more"] === undefined
          ? { scopes: ["identify", "bot"] }
          : { scopes: ["guilds"], incremental: true },
    });
    const [user, guild] = [simulator.addUser(), simulator.addGuild({ bot: false })];
    simulator.addMember(guild, user, { owner: true });
    const browser = app.browser();
    await browser.signIn("/login", { user, guildId: guild.id });

    expect(scopesIn(await browser.get("/login?more=yes"))).toBe("identify guilds");
  });

  it("an incremental login starts from the configured scopes if nobody is signed in", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      discord: { scopes: ["identify", "email"] },
      login: { scopes: ["guilds"], incremental: true },
    });

    expect(scopesIn(await app.browser().get("/login"))).toBe("identify email guilds");
  });

  it("an incremental login goes by the scopes that were granted, not by those requested", async () => {
    const { app, browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds"],
    });
    const fresh = app.browser();

    await fresh.signIn("/login", { user: simulator.addUser(), scopes: ["identify"] });

    expect((await fresh.get("/guilds")).json()).toMatchObject({ code: "missing_scopes" });
    expect((await browser.get("/guilds")).status).toBe(200);
    expect(await signedInAs(browser)).toBe(user.id);
  });
});
