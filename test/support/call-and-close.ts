import express from "express";
import { DiscordOAuth2Session } from "../../src/index.js";

// In a process of its own, which must exit by itself once the instance is closed.
const app = express();
const discord = new DiscordOAuth2Session(app, JSON.parse(process.argv[2] ?? "{}"));
await discord.botRequest("/users/@me");
await discord.clientCredentials();
await discord.close();
console.log("closed");
