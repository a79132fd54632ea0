import { expect, it } from "vitest";
import { readAuthorization } from "../../../src/models/authorization.js";

it.each([undefined, null])("an authorization whose user is %s has no user", (user) => {
  const payload = { application: { id: "1" }, scopes: [], expires: "2026-11-29T12:00:00.000000+00:00", user };
  expect(readAuthorization(payload).user).toBeUndefined();
});
