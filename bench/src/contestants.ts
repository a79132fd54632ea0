/** Everyone in the comparison; the first is the floor that the others are set beside. */
export const CONTESTANTS = [
  { name: "bare", title: "bare Express, by hand", packages: [] },
  {
    name: "passport-discord",
    title: "passport, passport-discord",
    packages: ["passport", "passport-discord"],
  },
  { name: "discord-oauth2", title: "discord-oauth2, by hand", packages: ["discord-oauth2"] },
  { name: "simple-oauth2", title: "simple-oauth2, by hand", packages: ["simple-oauth2"] },
  { name: "express-discord", title: "express-discord", packages: ["express-discord"] },
] as const;

/** The name of a contestant, which is that of its file too. */
export type ContestantName = (typeof CONTESTANTS)[number]["name"];

/** How a contestant is called in a table. */
export function titleOf(name: string): string {
  return CONTESTANTS.find((contestant) => contestant.name === name)?.title ?? name;
}
