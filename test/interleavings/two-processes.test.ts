import { describe, it } from "vitest";
import { prove } from "./prove.js";
import { refreshAndRefresh } from "./stories.js";

const LONGEST_MS = 120_000;

describe("every order of the calls of two processes", () => {
  it.each([
    refreshAndRefresh,
    { ...refreshAndRefresh, name: "refresh ‖ refresh, one dies", mayDie: ["A", "B"] },
  ])("$name", (story) => prove(story), LONGEST_MS);
});
