import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { startSimulator } from "../support/app.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Running {
  readonly process: ChildProcess;
  /** Everything it has printed so far. */
  output(): string;
  /** Its URL, as soon as it has printed that. */
  address(): Promise<string>;
  exitCode(): Promise<number | null>;
}

/** Runs the sample app or another example in a folder of its own, so that nobody's `.env` is read. */
function startSample(env: Readonly<Record<string, string>>, dotEnv?: string, example = "start.ts"): Running {
  const folder = mkdtempSync(join(tmpdir(), "express-discord-start-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (dotEnv !== undefined) writeFileSync(join(folder, ".env"), dotEnv);
  const tsx = ["--import", import.meta.resolve("tsx"), join(ROOT, "examples", example)];
  const tsconfig = { TSX_TSCONFIG_PATH: join(ROOT, "tsconfig.json") };
  return watch(
    spawn(process.execPath, tsx, { cwd: folder, env: { PATH: process.env["PATH"], ...tsconfig, ...env } }),
  );
}

function watch(child: ChildProcess): Running {
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
  }
  const exit = once(child, "close").then(([code]) => code as number | null);
  const found = new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", () => {
      const [url] = /http:\/\/localhost:\d+/.exec(printed) ?? [];
      if (url) resolve(url);
    });
    exit.then(() => reject(new Error(`It ended: ${printed}`)));
  });
  found.catch(() => undefined);
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await exit;
  });
  return { process: child, output: () => printed, address: () => found, exitCode: () => exit };
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

describe("npm start", () => {
  it("npm start runs a simulated Discord next to the sample app, and the login works", async () => {
    const sample = startSample({ PORT: "0" });
    const url = await sample.address();
    expect(sample.output()).toContain("No DISCORD_CLIENT_ID is set");
    expect(sample.output()).toContain("nothing leaves this machine");

    const index = await (await fetch(url)).text();
    expect(index).toContain('href="/login/"');
    const login = await fetch(`${url}/login/`, { redirect: "manual" });
    const authorize = login.headers.get("location") ?? "";
    const consent = await (await fetch(authorize)).text();
    const [, miraId = ""] = /name="user_id" value="(\d+)"/.exec(consent) ?? [];
    expect(consent).toContain("Mira");
    const decided = await fetch(authorize, {
      method: "POST",
      body: new URLSearchParams({ user_id: miraId, decision: "authorize" }),
      redirect: "manual",
    });
    const callback = await fetch(decided.headers.get("location") ?? "", {
      headers: { Cookie: cookiesOf(login) },
      redirect: "manual",
    });
    expect([callback.status, callback.headers.get("location")]).toEqual([302, "/"]);
    const me = await fetch(`${url}/me/`, { headers: { Cookie: cookiesOf(callback) } });
    expect(await me.text()).toContain("mira.k");
  });

  it.each(["SIGINT", "SIGTERM"] as const)("npm start ends by itself on %s", async (signal) => {
    const sample = startSample({ PORT: "0" });
    await fetch(await sample.address());
    sample.process.kill(signal);
    expect(await sample.exitCode()).toBe(0);
  });

  it("the Activity starts with one command, which prints the address of the page for Discord's client", async () => {
    const sample = startSample({ PORT: "0" }, undefined, "activity.ts");
    await sample.address();
    await expect.poll(() => sample.output()).toContain("This example is an Activity");
    const client = /http:\/\/127\.0\.0\.1:\d+\/activities\/\S+/.exec(sample.output())?.[0] ?? "";
    expect((await fetch(client)).status).toBe(200);
    sample.process.kill("SIGINT");
    expect(await sample.exitCode()).toBe(0);
  });

  it("npm start uses PORT", async () => {
    const port = await freePort();
    const sample = startSample({ PORT: String(port) });
    expect(await sample.address()).toBe(`http://localhost:${port}`);
    expect((await fetch(`http://localhost:${port}`)).status).toBe(200);
  });

  it("npm start says in one sentence that the port is taken", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const sample = startSample({ PORT: String(port) });
    expect(await sample.exitCode()).toBe(1);
    expect(sample.output().trim()).toMatch(new RegExp(`^Port ${port} is in use by another program: .*\\.$`));
  });

  it("npm start says in one sentence what is wrong with an invalid PORT", async () => {
    const sample = startSample({ PORT: "three thousand" });
    expect(await sample.exitCode()).toBe(1);
    expect(sample.output().trim()).toBe('PORT must be a number from 0 to 65535, not "three thousand".');
  });

  it("npm start uses the Discord that .env names", async () => {
    const simulator = await startSimulator();
    const { clientId, clientSecret, discordUrl } = simulator.options;
    const sample = startSample(
      { PORT: "0" },
      `DISCORD_CLIENT_ID=${clientId}\nDISCORD_CLIENT_SECRET=${clientSecret}\nDISCORD_BOT_TOKEN=\nDISCORD_URL=${discordUrl}\n`,
    );
    const url = await sample.address();
    expect(sample.output()).toContain(`It talks to Discord, as the application ${clientId}.`);
    const login = await fetch(`${url}/login/`, { redirect: "manual" });
    const location = new URL(login.headers.get("location") ?? "");
    expect([location.origin, location.searchParams.get("redirect_uri")]).toEqual([
      discordUrl,
      `${url}/callback`,
    ]);
  });

  it("npm start names what is missing in .env, without a stack", async () => {
    const sample = startSample({ PORT: "0" }, "DISCORD_CLIENT_ID=1100000000000000001\n");
    expect(await sample.exitCode()).toBe(1);
    expect(sample.output()).toContain("DISCORD_CLIENT_SECRET");
    expect(sample.output()).not.toContain("    at ");
  });

  it("npm start is the command of package.json, and .env.example has every variable", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(scripts.start).toBe("tsx examples/start.ts");
    const example = readFileSync(join(ROOT, ".env.example"), "utf8");
    const sources = readdirSync(join(ROOT, "examples"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(ROOT, "examples", name), "utf8"));
    const read = sources.flatMap((text) =>
      [...text.matchAll(/process\.env\["(\w+)"\]/g)].map(([, name]) => name),
    );
    expect(read.length).toBeGreaterThan(4);
    for (const name of read) expect(example).toMatch(new RegExp(`^${name}=`, "m"));
  });
});

function cookiesOf(response: Response): string {
  const pairs = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  return pairs.join("; ");
}
