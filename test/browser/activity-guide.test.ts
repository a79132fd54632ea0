import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { expect, it, onTestFinished } from "vitest";
import { greetingOf, readCommandLine, startFromCommand } from "../../src/testing/command-line.js";
import { useChromium, visitor } from "./chromium.js";

useChromium({ flags: ["--test-third-party-cookie-phaseout"] });

const GUIDE = readFileSync("docs/activities-and-mobile.md", "utf8");

/** Returns what the guide says to type or to write into a file. */
function fromGuide(pattern: RegExp): string {
  const found = pattern.exec(GUIDE)?.[1];
  if (found === undefined) throw new Error(`The guide has nothing like ${pattern}.`);
  return found;
}

/** Returns a port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Creates a folder in this project, so that its packages are found. */
function createFolder(): string {
  mkdirSync("test-results", { recursive: true });
  const folder = mkdtempSync("test-results/activity-guide-");
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  writeFileSync(`${folder}/app.ts`, fromGuide(/^`app\.js`.*\n\n```ts\n([\s\S]*?)^```$/m));
  writeFileSync(`${folder}/client.js`, fromGuide(/^`client\.js`.*\n\n```js\n([\s\S]*?)^```$/m));
  return folder;
}

it("the guide leads from an empty folder to an Activity with a signed-in user", async () => {
  const folder = createFolder();
  const port = await freePort();
  const args = fromGuide(/^npx express-discord (simulator .*)$/m)
    .replace("localhost:3000", `localhost:${port}`)
    .split(" ");
  const command = readCommandLine([...args, "--port", "0"]);
  if (command.kind !== "simulator") throw new Error("The guide does not start the simulator.");
  const started = await startFromCommand(command);
  onTestFinished(() => started.discord.close());
  const greeting = greetingOf(started, command.options.redirectUris?.[0]);

  const build = fromGuide(/^npx (rolldown .*)$/m).split(" ");
  execFileSync(process.execPath, [resolve("node_modules/rolldown/bin/cli.mjs"), ...build.slice(1)], {
    cwd: folder,
  });
  const app = spawn(process.execPath, ["--import", import.meta.resolve("tsx"), "app.ts"], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      TSX_TSCONFIG_PATH: resolve("tsconfig.json"),
      ...(parseEnv(greeting.replace(/^(?!DISCORD_).*$/gm, "")) as Record<string, string>),
      SESSION_SECRET: "a long random string",
      PORT: String(port),
    },
  });
  onTestFinished(async () => {
    app.kill();
    if (app.exitCode === null) await once(app, "close");
  });
  let complaint = "";
  app.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  await expect
    .poll(async () => (await fetch(`http://localhost:${port}`).catch(() => undefined))?.status, {
      timeout: 20_000,
    })
    .toBe(200);

  const page = await visitor();
  await page.goto(/^Open your Activity at (.*)$/m.exec(greeting)?.[1] ?? "");
  await page.frameLocator("dialog iframe").getByRole("button", { name: "Authorize" }).click();
  await page.frameLocator("iframe.activity").getByRole("heading", { name: "Hello, Mira" }).waitFor();
  expect(complaint).toBe("");
});
