import type { Application, Request } from "express";
import { describe, expect, expectTypeOf, it } from "vitest";
import {
  type GuildRequirements,
  MissingScopes,
  Permissions,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
} from "../../src/index.js";
import type { NewMember } from "../../src/testing/index.js";
import { EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const ROLE = "1200000000000000001";
const OTHER_ROLE = "1200000000000000002";

/** A visitor who is in one guild, and a page for its members. */
async function startInGuild(
  createApp: () => Application,
  requirements: GuildRequirements | undefined,
  member: NewMember = {},
  scopes: readonly string[] = ["identify", "guilds", "guilds.members.read"],
) {
  const idOf = (req: Request) => req.params["guildId"];
  const guard = requirements ? requiresGuild(idOf, requirements) : requiresGuild(idOf);
  const signedIn = await startSignedIn(createApp, {
    scopes,
    routes: (to) => to.get("/guild/:guildId", guard, (_req, res) => void res.send("in")),
  });
  const { simulator, user, browser } = signedIn;
  const guild = simulator.addGuild({ roles: [{ id: ROLE }, { id: OTHER_ROLE }] });
  simulator.addMember(guild, user, { permissions: 0n, ...member });
  return { ...signedIn, guild, visit: () => browser.get(`/guild/${guild.id}`) };
}

describe.each(EXPRESS)("requiresGuild on %s", (_name, createApp) => {
  it.each<[string, GuildRequirements | undefined, NewMember, boolean]>([
    ["a member without requirements", undefined, {}, true],
    ["a permission by name", { permissions: "MANAGE_GUILD" }, { permissions: 32n }, true],
    ["a permission that is missing", { permissions: "MANAGE_GUILD" }, { permissions: 16n }, false],
    [
      "one of two permissions",
      { permissions: ["MANAGE_GUILD", "KICK_MEMBERS"] },
      { permissions: 32n },
      false,
    ],
    ["a permission as bigint", { permissions: 1n << 40n }, { permissions: 1n << 40n }, true],
    ["Permissions", { permissions: new Permissions(2n) }, { permissions: 3n }, true],
    ["an administrator, any permission", { permissions: "MANAGE_GUILD" }, { permissions: 8n }, true],
    ["an owner, any permission", { permissions: "MANAGE_GUILD" }, { owner: true, permissions: 0n }, true],
    ["the owner", { owner: true }, { owner: true }, true],
    ["an administrator who is not the required owner", { owner: true }, { permissions: 8n }, false],
    ["one of the roles", { roles: [ROLE, OTHER_ROLE] }, { roles: [OTHER_ROLE] }, true],
    ["none of the roles", { roles: [ROLE] }, { roles: [OTHER_ROLE] }, false],
    ["an administrator without the role", { roles: [ROLE] }, { permissions: 8n }, false],
    [
      "a role and a permission",
      { roles: [ROLE], permissions: 32n },
      { roles: [ROLE], permissions: 32n },
      true,
    ],
    ["a role, a missing permission", { roles: [ROLE], permissions: 32n }, { roles: [ROLE] }, false],
  ])("requiresGuild checks %s", async (_what, requirements, member, passes) => {
    const { visit } = await startInGuild(createApp, requirements, member);

    const answer = await visit();

    if (passes) expect([answer.status, answer.text]).toEqual([200, "in"]);
    else expect(failureOf(answer)).toBe("403 forbidden");
  });

  it("requiresGuild throws for a permission that does not exist", () => {
    const misspelt = { permissions: "MANAGE_SERVER" as "MANAGE_GUILD" };
    expect(() => requiresGuild("80351110224678912", misspelt)).toThrow(TypeError);
  });

  it("requiresGuild refuses a visitor who is not in the guild", async () => {
    const { browser, simulator } = await startInGuild(createApp, undefined);

    expect(failureOf(await browser.get(`/guild/${simulator.addGuild().id}`))).toBe("403 forbidden");
  });

  it.each(["abc", "-1", "1e5", "99999999999999999999999", "..%2F..", "0x10"])(
    "requiresGuild refuses %j as an id, without a request to Discord",
    async (id) => {
      const { browser, simulator } = await startInGuild(createApp, undefined);

      expect(failureOf(await browser.get(`/guild/${id}`))).toBe("403 forbidden");
      expect(simulator.requests).toEqual([]);
    },
  );

  it("requiresGuild says so if its function returns undefined, as for a misspelt parameter", async () => {
    const { app, browser } = await startSignedIn(createApp, {
      routes(to) {
        const misspelt = (req: Request) => req.params["guild"];
        to.get("/guild/:guildId", requiresGuild(misspelt), (_req, res) => void res.send("in"));
      },
    });

    expect(failureOf(await browser.get("/guild/80351110224678912"))).toBe("403 forbidden");
    expect(app.errors.at(-1)).toMatchObject({
      message: expect.stringContaining("the function passed to requiresGuild returned undefined"),
    });
  });

  it.each([undefined, null, "", 0, "route", "router"])(
    "requiresGuild lets nobody pass if its function throws %j",
    async (thrown) => {
      const { app, browser } = await startSignedIn(createApp, {
        routes(to) {
          const guard = requiresGuild(() => {
            throw thrown;
          });
          to.use("/area", guard, (_req, res) => void res.send("in"));
          to.use("/area", (_req, res) => void res.send("in"));
        },
      });
      expect((await browser.get("/area")).status).toBe(500);
      expect(app.errors.at(-1)).toMatchObject({ name: "TypeError", cause: thrown });
    },
  );

  it("requiresGuild accepts a fixed id and one from a database, and refuses entry if a function finds none or throws", async () => {
    const id = "1100000000000000777";
    const { browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds"],
      routes(to) {
        to.get("/fixed", requiresGuild(id), (_req, res) => void res.send("in"));
        to.get(
          "/none",
          requiresGuild(() => undefined),
          (_req, res) => void res.send("in"),
        );
        to.get(
          "/list",
          requiresGuild(() => [id]),
          (_req, res) => void res.send("in"),
        );
        to.get(
          "/broken",
          requiresGuild(() => {
            throw new Error("A bug.");
          }),
          (_req, res) => void res.send("in"),
        );
        to.get(
          "/looked-up",
          requiresGuild(async () => id),
          (_req, res) => void res.send("in"),
        );
      },
    });
    simulator.addMember(simulator.addGuild({ id }), user);

    for (const page of ["/fixed", "/looked-up"]) expect((await browser.get(page)).text).toBe("in");
    expect(failureOf(await browser.get("/none"))).toBe("403 forbidden");
    expect(failureOf(await browser.get("/list"))).toBe("403 forbidden");
    expect((await browser.get("/broken")).status).toBe(500);
  });

  it("requiresGuild refuses visitors who are not signed in", async () => {
    const { app, guild } = await startInGuild(createApp, undefined);

    expect(failureOf(await app.browser().get(`/guild/${guild.id}`))).toBe("401 not_signed_in");
  });

  it("requiresGuild reuses what Discord said for a minute, and no longer", async () => {
    const { advance, guild, simulator, user, visit } = await startInGuild(createApp, undefined);
    await visit();
    simulator.removeMember(guild, user);

    advance(59_000);
    expect((await visit()).status).toBe(200);
    advance(2000);
    expect(failureOf(await visit())).toBe("403 forbidden");
  });

  it("requiresGuild reuses what Discord said for as long as maxAgeMs says, whatever the cache holds", async () => {
    const requirements = { permissions: "MANAGE_GUILD", maxAgeMs: 5000 } as const;
    const { advance, browser, guild, simulator, user, visit } = await startInGuild(createApp, requirements, {
      permissions: 32n,
    });
    expect((await visit()).status).toBe(200);
    simulator.addMember(guild, user, { permissions: 0n });

    advance(4000);
    expect((await visit()).status).toBe(200);
    advance(1001);
    expect(failureOf(await visit())).toBe("403 forbidden");
    expect(simulator.requestsTo("/users/@me/guilds")).toHaveLength(2);

    await browser.get("/guilds");
    expect(simulator.requestsTo("/users/@me/guilds")).toHaveLength(2);
  });

  it("requiresGuild asks Discord each time with maxAgeMs 0", async () => {
    const { advance, simulator, visit } = await startInGuild(createApp, { maxAgeMs: 0 });

    for (let times = 0; times < 3; times += 1) {
      await visit();
      advance(1);
    }

    expect(simulator.requestsTo("/users/@me/guilds")).toHaveLength(3);
  });

  it("requiresGuild refuses a member who has left since the list of guilds was fetched", async () => {
    const { browser, guild, simulator, user, visit } = await startInGuild(
      createApp,
      { roles: [ROLE] },
      { roles: [ROLE] },
    );
    await browser.get("/guilds");
    simulator.removeMember(guild, user);

    expect(failureOf(await visit())).toBe("403 forbidden");
  });

  it.each([
    ["/users/@me/guilds", "502 discord_unavailable"],
    ["/users/@me/guilds/:id/member", "502 discord_unavailable"],
  ])("requiresGuild refuses entry while Discord does not answer %s", async (route, failure) => {
    const { advance, simulator, visit } = await startInGuild(
      createApp,
      { roles: [ROLE], permissions: 32n },
      { roles: [ROLE], permissions: 32n },
    );
    expect((await visit()).status).toBe(200);
    advance(61_000);
    simulator.fail({ route, kind: "status", status: 500, times: 9 });

    expect(failureOf(await visit())).toBe(failure);

    simulator.clearFaults();
    expect((await visit()).status).toBe(200);
  });

  it.each([
    [["identify"], undefined, "guilds"],
    [["identify", "guilds"], { roles: [ROLE] }, "guilds.members.read"],
  ] as const)(
    "the error of requiresGuild names the scope that %j lack",
    async (scopes, requirements, missing) => {
      const { app, visit } = await startInGuild(createApp, requirements, {}, scopes);

      expect(failureOf(await visit())).toBe("403 missing_scopes");
      const error = app.errors.at(-1);
      expect(error).toBeInstanceOf(MissingScopes);
      expect((error as MissingScopes).scopes).toEqual([missing]);
    },
  );

  it("requiresGuild shares what it fetched with other guards of the route", async () => {
    const id = "1100000000000000778";
    const { browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds"],
      routes(to) {
        const isManager = [
          requiresAuthorization,
          requiresScopes("guilds"),
          requiresGuild(id),
          requiresGuild(id, { permissions: "MANAGE_GUILD" }),
        ];
        to.get("/manage", ...isManager, (_req, res) => void res.send("in"));
      },
    });
    simulator.addMember(simulator.addGuild({ id }), user, { permissions: 32n });

    expect((await browser.get("/manage")).text).toBe("in");
    expect(simulator.requests).toHaveLength(1);
  });

  it("requiresGuild keeps the types of route parameters", async () => {
    const { browser, simulator, user } = await startSignedIn(createApp, {
      scopes: ["identify", "guilds"],
      routes(to) {
        to.get(
          "/typed/:guildId/:page",
          requiresAuthorization,
          requiresAuthorization.with({ maxAgeMs: 1000 }),
          requiresScopes("guilds"),
          requiresGuild((req) => req.params["guildId"]),
          (req, res) => {
            expectTypeOf(req.params.guildId).toEqualTypeOf<string>();
            expectTypeOf(req.params.page).toEqualTypeOf<string>();
            // @ts-expect-error: there is no such parameter
            void req.params.other;
            res.json(req.params);
          },
        );
      },
    });
    const guild = simulator.addGuild();
    simulator.addMember(guild, user);

    const answer = await browser.get(`/typed/${guild.id}/settings`);

    expect(answer.json()).toEqual({ guildId: guild.id, page: "settings" });
  });

  it("the middleware of requiresGuild has a name for stack traces", () => {
    expect([requiresGuild("1").name, requiresScopes("a").name, requiresAuthorization.name]).toEqual([
      "requiresGuild",
      "requiresScopes",
      "requiresAuthorization",
    ]);
  });
});
