import { expect, it } from "vitest";
import { learnUserId, type SessionLike, signInOf } from "../../../src/grants/session-data.js";

const APPLICATION = "1100000000000000001";

it("a late answer about a sign-in's user does not name the user of the sign-in that has replaced it", () => {
  const session: SessionLike = { discord: { [APPLICATION]: { grantId: "new" } } };

  learnUserId(session, APPLICATION, "old", "7");
  expect(signInOf(session, APPLICATION)?.userId).toBeUndefined();

  learnUserId(session, APPLICATION, "new", "8");
  expect(signInOf(session, APPLICATION)?.userId).toBe("8");
});
