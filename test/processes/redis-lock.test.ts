import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the guide shows the Redis lock of these tests", () => {
  const code = readFileSync("test/processes/redis-lock.ts", "utf8");
  expect(readFileSync("docs/scaling.md", "utf8")).toContain(`\`\`\`ts\n${code}\`\`\``);
});
