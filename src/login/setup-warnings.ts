import type { IncomingMessage } from "node:http";
import type { Config } from "../config.js";
import { sessionCookieOf, sessionStoreOf } from "../grants/session-data.js";
import { shown } from "../shown.js";

/** A problem in the app's setup that will lose sign-ins. */
interface Finding {
  readonly code: string;
  readonly message: string;
}

const MEMORY_STORE = "EXPRESS_DISCORD_MEMORY_STORE";

interface Host {
  /** The `Host` header that browsers send. */
  readonly header: string;
  readonly name: string;
  /** Empty for the protocol's default port. */
  readonly port: string;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Emits each finding once as a process warning. Logins continue. */
export class SetupWarnings {
  readonly #redirectHost: Host;
  readonly #found = new Map<string, Finding>();

  constructor(config: Config) {
    this.#redirectHost = hostOf(config.redirectUri);
  }

  /** Checks the request that starts a login. */
  inspect(req: IncomingMessage): void {
    for (const finding of findingsIn(req, this.#redirectHost)) this.add(finding);
  }

  /** Emits a finding, unless one with this key was emitted before. */
  add(finding: Finding, key = finding.message): void {
    if (this.#found.has(key)) return;
    this.#found.set(key, finding);
    process.emitWarning(finding.message, { type: "ExpressDiscordWarning", code: finding.code });
  }

  /** Findings that may explain why a callback found no login in progress, as text for an error message. */
  get hint(): string {
    const likely = [...this.#found.values()].filter(({ code }) => code !== MEMORY_STORE);
    return likely.map(({ message }) => ` Likely cause: ${message}`).join("");
  }
}

/**
 * @param callback the path of the router's callback
 * @param redirect the path of the redirect URI
 */
export function otherCallback(callback: string, redirect: string): Finding {
  const prefix = redirect.endsWith(callback) ? redirect.slice(0, -callback.length) : "";
  const advice = prefix && ` If a proxy strips ${shown(prefix)}, set the option basePath to it.`;
  return {
    code: "EXPRESS_DISCORD_OTHER_CALLBACK",
    message: `The redirect URI leads to ${shown(redirect)}, but the callback of discordRouter is ${shown(callback)}, so visitors do not reach it. Change the redirect URI or the path where the router is mounted.${advice} See docs/troubleshooting.md#other-callback.`,
  };
}

function* findingsIn(req: IncomingMessage, there: Host): Generator<Finding> {
  const { sameSite, secure } = sessionCookieOf(req);
  if (sameSite === "strict") {
    yield {
      code: "EXPRESS_DISCORD_SAME_SITE_STRICT",
      message:
        'The session cookie has sameSite: "strict". Browsers do not send it with Discord\'s redirect, so visitors look signed out. Use sameSite: "lax". See docs/troubleshooting.md#same-site-strict.',
    };
  }
  if (secure === true && !isHttps(req)) {
    yield {
      code: "EXPRESS_DISCORD_SECURE_WITHOUT_HTTPS",
      message:
        'The session cookie is secure, but this login was requested over plain HTTP, so the browser does not keep the session. Use HTTPS, or secure: "auto" during development. See docs/troubleshooting.md#secure-without-https.',
    };
  }
  const { host } = req.headers;
  // A proxy may have changed Host. If not, ignore X-Forwarded-Host, which a client may have made up.
  const here =
    host === there.header ? there : hostOf(`http://${String(req.headers["x-forwarded-host"] ?? host)}`);
  if (isOtherHost(here, there)) {
    yield {
      code: "EXPRESS_DISCORD_OTHER_HOST",
      message: `A login started on ${nameBeside(here, there)}, but the redirect URI is on ${there.name}, and the two do not share cookies. Open the app on ${there.name}, or register a redirect URI on the other host. See docs/troubleshooting.md#other-host.`,
    };
  }
  if (process.env["NODE_ENV"] === "production" && sessionStoreOf(req)?.constructor.name === "MemoryStore") {
    yield {
      code: MEMORY_STORE,
      message:
        "Sessions are kept in a MemoryStore: every restart signs everybody out, and processes do not share sessions. Use another store. See docs/troubleshooting.md#memory-store.",
    };
  }
}

function isHttps(req: IncomingMessage): boolean {
  const forwarded = String(req.headers["x-forwarded-proto"] ?? "");
  return forwarded.startsWith("https") || ("encrypted" in req.socket && req.socket.encrypted === true);
}

/** Returns `true` only if it is certain: behind a proxy, the Host header may hold an internal name and port. */
function isOtherHost(here: Host, there: Host): boolean {
  if (here.port !== there.port) return false;
  if (LOOPBACK.test(here.name) && LOOPBACK.test(there.name)) return here.name !== there.name;
  return here.name.endsWith(`.${there.name}`) || there.name.endsWith(`.${here.name}`);
}

/** Shows only names derived from the redirect URI: any other name was chosen by the client. */
function nameBeside(here: Host, there: Host): string {
  const isKnown = LOOPBACK.test(here.name) || there.name.endsWith(`.${here.name}`);
  return isKnown || here.name === `www.${there.name}` ? here.name : `a subdomain of ${there.name}`;
}

function hostOf(url: string): Host {
  if (!URL.canParse(url)) return { header: "", name: "", port: "" };
  const { host, hostname, port } = new URL(url);
  return { header: host, name: hostname, port };
}
