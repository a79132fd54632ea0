import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("is the lock that the guide shows", () => {
  const code = readFileSync("test/processes/redis-lock.ts", "utf8");
  expect(readFileSync("docs/scaling.md", "utf8")).toContain(`\`\`\`ts\n${code}\`\`\``);
});
