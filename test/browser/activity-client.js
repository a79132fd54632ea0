import { DiscordSDK } from "@discord/embedded-app-sdk";

// The tests give the commands.
globalThis.sdk = new DiscordSDK(document.documentElement.dataset.clientId);
