import { generateKeyPairSync, sign } from "node:crypto";
import express, { type Application } from "express";
import { describe, expect, it } from "vitest";
import { interactions, registerCommand } from "../../examples/recipes/interactions.js";
import { DiscordOAuth2Session, discordRouter } from "../../src/index.js";
import { EXPRESS, startApp, startSimulator } from "../support/app.js";
import { signedInAs } from "../support/login.js";

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
const PUBLIC_KEY = publicKey.export({ type: "spki", format: "der" }).subarray(-32).toString("hex");
const COMMAND = { type: 2, guild_id: "1100000000000000001", data: { name: "settings" } };

async function startRecipe(createApp: () => Application) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    callbackPath: "/auth/callback",
    create(to, options) {
      to.use("/interactions", interactions(PUBLIC_KEY, "https://example.com"));
      to.use(express.json());
      return new DiscordOAuth2Session(to, options);
    },
    routes: (to) => to.use("/auth", discordRouter()),
  });
  const send = (interaction: object, { signed = JSON.stringify(interaction) } = {}) => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    return fetch(`${app.url}/interactions`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-Signature-Ed25519": sign(null, Buffer.from(timestamp + signed), privateKey).toString("hex"),
        "X-Signature-Timestamp": timestamp,
      },
      body: JSON.stringify(interaction),
    });
  };
  return { simulator, app, send };
}

describe.each(EXPRESS)("the recipe for interactions on %s", (_name, createApp) => {
  it("the interactions recipe answers Discord's PING", async () => {
    const { send } = await startRecipe(createApp);

    expect(await (await send({ type: 1 })).json()).toEqual({ type: 1 });
  });

  it("the interactions recipe answers a command, and one that it does not know", async () => {
    const { send } = await startRecipe(createApp);
    const answerTo = async (interaction: object) => (await send(interaction)).json();

    expect(await answerTo(COMMAND)).toEqual({
      type: 4,
      data: {
        content: "Settings of this server: https://example.com/guilds/1100000000000000001",
        flags: 64,
      },
    });
    expect(await answerTo({ ...COMMAND, data: { name: "other" } })).toMatchObject({
      data: { content: "I do not know that command." },
    });
    expect(await answerTo({ ...COMMAND, guild_id: undefined })).toMatchObject({
      data: { content: "Use this command in a server." },
    });
  });

  it("the interactions recipe refuses requests that Discord has not signed", async () => {
    const { app, send } = await startRecipe(createApp);
    const unsigned = await fetch(`${app.url}/interactions`, {
      method: "POST",
      body: JSON.stringify(COMMAND),
    });

    expect((await send(COMMAND, { signed: "something else" })).status).toBe(401);
    expect(unsigned.status).toBe(401);
  });

  it("logins work next to the interactions recipe", async () => {
    const { app, simulator } = await startRecipe(createApp);
    const [browser, user] = [app.browser(), simulator.addUser()];

    await browser.signIn("/auth/login", { user });

    expect(await signedInAs(browser)).toBe(user.id);
  });

  it("the interactions recipe registers its command as the bot, for servers, and leaves others alone", async () => {
    const { app, simulator } = await startRecipe(createApp);
    simulator.answer("POST /applications/:id/commands", ({ json }) => ({ body: json }));

    await registerCommand(app.discord);

    const [request] = simulator.requests;
    expect([request?.method, request?.path, request?.authorization]).toEqual([
      "POST",
      `/api/v10/applications/${app.discord.clientId}/commands`,
      "Bot",
    ]);
    expect(request?.json).toMatchObject({ name: "settings", contexts: [0] });
  });
});
