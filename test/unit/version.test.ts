import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { USER_AGENT, VERSION } from "../../src/version.js";

test("the version is the package's", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  expect(VERSION).toBe(version);
});

test("the User-Agent has Discord's form", () => {
  expect(USER_AGENT).toMatch(
    /^DiscordBot \(https:\/\/www\.npmjs\.com\/package\/express-discord, \d+\.\d+\.\d+\)$/,
  );
});
