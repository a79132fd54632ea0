import { DiscordSDK } from "@discord/embedded-app-sdk";

// The tests send the commands.
globalThis.sdk = new DiscordSDK(document.documentElement.dataset.clientId);
