import type { Application } from "express";
import { describe, expect, it } from "vitest";
import { type JoinOrUpdateOptions, type JoinOutcome, requiresGuild } from "../../src/index.js";
import type { NewGuild } from "../../src/testing/index.js";
import { forward, LATEST_EXPRESS } from "../support/app.js";
import { failureOf, startSignedIn } from "../support/signed-in.js";

const OLD = "1200000000000000001";
const FIRST = "1200000000000000002";
const SECOND = "1200000000000000003";
const TOP = "1200000000000000004";
const MEMBER = "/guilds/:id/members/:user";

async function startUpdate(
  createApp: () => Application,
  options: Omit<JoinOrUpdateOptions, "evenIfMember"> = { roles: [FIRST, SECOND], nick: "Nelly" },
  guild: NewGuild = {},
) {
  const outcomes: JoinOutcome[] = [];
  const started = await startSignedIn(createApp, {
    scopes: ["identify", "guilds", "guilds.join"],
    routes(to, discord) {
      to.post(
        "/join/:id",
        forward(async (req, res) => {
          const guildId = String(req.params["id"]);
          outcomes.push(await discord.addToGuild(req, guildId, { ...options, evenIfMember: true }));
          res.json(outcomes.at(-1));
        }),
      );
      to.get(
        "/first",
        requiresGuild(() => server.id, { as: "bot", roles: [FIRST] }),
        (_req, res) => {
          res.send("in");
        },
      );
      to.get(
        "/in",
        requiresGuild(() => server.id),
        (_req, res) => void res.send("in"),
      );
    },
  });
  const { simulator, browser } = started;
  const server = simulator.addGuild({ roles: [OLD, FIRST, SECOND, TOP].map((id) => ({ id })), ...guild });
  const join = () => browser.post(`/join/${server.id}`);
  const sent = () => simulator.requests.map(({ method, route }) => `${method} ${route}`);
  return { ...started, server, join, outcomes, sent };
}

describe.each(LATEST_EXPRESS)("addToGuild with evenIfMember on %s", (_name, createApp) => {
  it("addToGuild with evenIfMember reports that the visitor has joined", async () => {
    const { join, outcomes, server, user } = await startUpdate(createApp);

    await join();

    expect(outcomes).toMatchObject([{ joined: true, member: { id: user.id, nick: "Nelly" } }]);
    expect(server.members.get(user.id)?.roles).toEqual([FIRST, SECOND]);
  });

  it("addToGuild with evenIfMember adds a member's missing roles and the nickname, and removes no role", async () => {
    const { join, outcomes, server, sent, simulator, user } = await startUpdate(createApp);
    simulator.addMember(server, user, { nick: "Old hand", roles: [OLD, FIRST] });

    await join();

    expect(server.members.get(user.id)).toMatchObject({ nick: "Nelly", roles: [OLD, FIRST, SECOND] });
    expect(outcomes).toMatchObject([
      { joined: false, member: { nick: "Nelly", roles: [OLD, FIRST, SECOND] } },
    ]);
    expect(sent()).toEqual([
      `PUT ${MEMBER}`,
      `GET ${MEMBER}`,
      `PUT ${MEMBER}/roles/:role`,
      `PATCH ${MEMBER}`,
    ]);
    expect(simulator.requestsTo(`PATCH ${MEMBER}`)[0]?.json).toEqual({ nick: "Nelly" });
  });

  it("addToGuild with evenIfMember returns the new roles even without a nickname", async () => {
    const { join, outcomes, server, simulator, user } = await startUpdate(createApp, { roles: [FIRST] });
    simulator.addMember(server, user, { nick: "Old hand", roles: [OLD] });

    await join();

    expect(outcomes).toMatchObject([{ joined: false, member: { nick: "Old hand", roles: [OLD, FIRST] } }]);
    expect(server.members.get(user.id)?.nick).toBe("Old hand");
  });

  it("addToGuild with evenIfMember changes nothing about a member who has everything", async () => {
    const { join, outcomes, server, sent, simulator, user } = await startUpdate(createApp);
    simulator.addMember(server, user, { nick: "Nelly", roles: [SECOND, FIRST] });

    await join();

    expect(outcomes).toMatchObject([{ joined: false, member: { nick: "Nelly", roles: [SECOND, FIRST] } }]);
    expect(sent()).toEqual([`PUT ${MEMBER}`, `GET ${MEMBER}`]);
  });

  it("addToGuild with evenIfMember does not mute or deafen a member", async () => {
    const { join, server, simulator, user } = await startUpdate(createApp, { mute: true, deaf: true });
    simulator.addMember(server, user);

    expect((await join()).status).toBe(200);

    expect(server.members.get(user.id)).not.toMatchObject({ mute: true });
  });

  it("the error of a refused role says which roles were added before, and no nickname is set", async () => {
    const { app, join, server, simulator, user } = await startUpdate(
      createApp,
      { roles: [FIRST, TOP, SECOND], nick: "Nelly" },
      { botTopRole: TOP },
    );
    simulator.addMember(server, user, { nick: "Old hand" });

    expect(failureOf(await join())).toBe("403 discord_error");

    expect(app.errors.at(-1)).toMatchObject({ discordCode: 50013, appliedRoles: [FIRST], method: "PUT" });
    expect(server.members.get(user.id)).toMatchObject({ nick: "Old hand", roles: [FIRST] });
  });

  it("the error of a refused nickname says which roles were added before", async () => {
    const { app, join, server, simulator, user } = await startUpdate(createApp);
    simulator.addMember(server, user, { owner: true });

    expect(failureOf(await join())).toBe("403 discord_error");

    expect(app.errors.at(-1)).toMatchObject({ appliedRoles: [FIRST, SECOND], method: "PATCH" });
  });

  it("the error of an outage says which roles were added, and the next call adds the rest", async () => {
    const { app, join, server, simulator, user } = await startUpdate(createApp);
    simulator.addMember(server, user);
    simulator.fail({ route: `PATCH ${MEMBER}`, kind: "status", status: 500 });

    expect(failureOf(await join())).toBe("502 discord_unavailable");
    expect(app.errors.at(-1)).toMatchObject({ appliedRoles: [FIRST, SECOND] });

    await join();
    expect(server.members.get(user.id)).toMatchObject({ nick: "Nelly", roles: [FIRST, SECOND] });
  });

  it("addToGuild with evenIfMember asks once a minute for a refused role, however often they press the button", async () => {
    const { advance, app, join, server, simulator, user } = await startUpdate(
      createApp,
      { roles: [FIRST, TOP] },
      { botTopRole: TOP },
    );
    simulator.addMember(server, user);
    const refused = () => simulator.requests.filter(({ status }) => status === 403).length;

    const answers = await Promise.all(Array.from({ length: 10 }, join));
    answers.push(await join());

    expect(new Set(answers.map(failureOf))).toEqual(new Set(["403 discord_error"]));
    expect(refused()).toBe(1);
    expect(app.errors.at(-1)).toMatchObject({ discordCode: 50013, appliedRoles: [] });

    advance(60_001);
    await join();
    expect(refused()).toBe(2);
  });

  it("a guard that has just refused the visitor sees at once that they joined", async () => {
    const { browser, join } = await startUpdate(createApp);
    expect(failureOf(await browser.get("/first"))).toBe("403 forbidden");
    expect(failureOf(await browser.get("/in"))).toBe("403 forbidden");

    await join();

    expect([(await browser.get("/first")).status, (await browser.get("/in")).status]).toEqual([200, 200]);
  });

  it("a guard that has just found a role missing sees the new role at once", async () => {
    const { browser, join, server, simulator, user } = await startUpdate(createApp);
    simulator.addMember(server, user);
    expect(failureOf(await browser.get("/first"))).toBe("403 forbidden");

    await join();

    expect((await browser.get("/first")).status).toBe(200);
  });
});
