import { fork } from "node:child_process";
import { once } from "node:events";
import { onTestFinished } from "vitest";
import type { ProxyReport } from "./proxy-process.js";

/** An HTTP proxy in a process of its own. */
export interface TestProxy {
  /** With its credentials. */
  readonly url: string;
  readonly port: number;
  /** The requests that went through it, oldest first. */
  readonly reports: readonly ProxyReport[];
}

/** @param login `user:password`, percent-encoded as in a URL; without it the proxy admits everybody */
export async function startProxy(login?: string): Promise<TestProxy> {
  const plain = login?.split(":").map(decodeURIComponent).join(":");
  const authorization = plain && `Basic ${Buffer.from(plain).toString("base64")}`;
  const child = fork(new URL("proxy-process.ts", import.meta.url), {
    execArgv: ["--no-warnings", "--import", "tsx"],
    env: { ...process.env, ...(authorization && { PROXY_AUTHORIZATION: authorization }) },
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill();
    await ended;
  });
  const [{ port }] = (await once(child, "message")) as [{ port: number }];
  const reports: ProxyReport[] = [];
  child.on("message", (report: ProxyReport) => reports.push(report));
  return { url: `http://${login ? `${login}@` : ""}127.0.0.1:${port}`, port, reports };
}
