import type { Express } from "express";

/** What each contestant is told: where Discord is, and who the application is there. */
export interface DiscordSettings {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly discordUrl: string;
  readonly redirectUri: string;
}

/** What only some contestants have. */
export interface Mounted {
  /** Forgets what is remembered of the users, so that the next page of each has to ask Discord. */
  readonly forgetUsers?: () => void;
}

/** Adds `/login`, `/callback` and the guarded page `/me` to an app that has its session middleware already. */
export type Mount = (app: Express, discord: DiscordSettings) => Mounted | undefined;
