import { UserFlags } from "discord-api-types/v10";
import { expect, it } from "vitest";
import { User } from "../../../src/index.js";
import { userFlagsIn } from "../../../src/models/user-flags.js";

/** Bits that Discord does not document. */
const UNDOCUMENTED = [
  "MFASMS",
  "PremiumPromoDismissed",
  "HasUnreadUrgentMessages",
  "Spammer",
  "DisablePremium",
  "Quarantined",
  "Collaborator",
  "RestrictedCollaborator",
];

it("userFlagsIn names every documented flag of discord-api-types by its own value", () => {
  const documented = Object.entries(UserFlags).filter(
    ([name, value]) => typeof value === "number" && !UNDOCUMENTED.includes(name),
  );
  const plain = (name: string) => name.replaceAll("_", "").toLowerCase();

  expect(documented.length).toBe(15);
  for (const [name, value] of documented)
    expect(userFlagsIn(value as number).map(plain)).toEqual([plain(name)]);
});

it("userFlagsIn omits bits that have no name, however high", () => {
  expect(userFlagsIn(2 ** 50 + 2 ** 44 + 2 ** 20 + 1)).toEqual(["STAFF"]);
});

it("a user's publicFlagNames are those of userFlagsIn", () => {
  const flagsOf = (public_flags: unknown) => User.from({ id: "1", public_flags }).publicFlagNames;

  expect(flagsOf(4_194_368)).toEqual(["HYPESQUAD_ONLINE_HOUSE_1", "ACTIVE_DEVELOPER"]);
  expect([flagsOf(0), flagsOf(undefined), flagsOf("64")]).toEqual([[], [], []]);
});
