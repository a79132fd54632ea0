import type { IncomingMessage } from "node:http";
import type { Config } from "./config.js";
import { sessionStoreOf } from "./session-data.js";

/** A set-up that will lose sign-ins. */
export interface Finding {
  readonly code: string;
  readonly message: string;
}

interface SessionCookieSettings {
  readonly sameSite?: boolean | string | undefined;
  readonly secure?: boolean | "auto" | undefined;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Says each finding once, as a process warning; a login is never refused for one. */
export class SetupWarnings {
  readonly #config: Config;
  readonly #found = new Map<string, Finding>();

  constructor(config: Config) {
    this.#config = config;
  }

  /** Looks at the request that begins a login. */
  inspect(req: IncomingMessage): void {
    for (const finding of findingsIn(req, this.#config)) {
      if (this.#found.has(finding.code)) continue;
      this.#found.set(finding.code, finding);
      process.emitWarning(finding.message, { type: "ExpressDiscordWarning", code: finding.code });
    }
  }

  /** What may be why a callback finds no login under way. */
  get hint(): string {
    return [...this.#found.values()].map(({ message }) => ` Likely cause: ${message}`).join("");
  }
}

function* findingsIn(req: IncomingMessage, { redirectUri }: Config): Generator<Finding> {
  const { sameSite, secure } = sessionCookieOf(req);
  if (sameSite === true || String(sameSite).toLowerCase() === "strict") {
    yield {
      code: "EXPRESS_DISCORD_SAME_SITE_STRICT",
      message:
        'The session cookie is sameSite: "strict". Browsers do not send it on the way back from Discord, so visitors look signed out: use "lax". See docs/troubleshooting.md#same-site-strict.',
    };
  }
  if (secure === true && !isHttps(req)) {
    yield {
      code: "EXPRESS_DISCORD_SECURE_WITHOUT_HTTPS",
      message:
        'The session cookie is secure, but this login came by plain http, so the session is not kept. Use https, or secure: "auto" while developing. See docs/troubleshooting.md#secure-without-https.',
    };
  }
  const here = hostnameOf(`http://${req.headers.host}`);
  const there = hostnameOf(redirectUri);
  if (isOtherHost(here, there)) {
    yield {
      code: "EXPRESS_DISCORD_OTHER_HOST",
      message: `A login began on ${here}, and the redirect URI is on ${there}: cookies do not travel between the two. Open the app on ${there}, or register a redirect URI on ${here}. See docs/troubleshooting.md#other-host.`,
    };
  }
  if (process.env["NODE_ENV"] === "production" && sessionStoreOf(req)?.constructor.name === "MemoryStore") {
    yield {
      code: "EXPRESS_DISCORD_MEMORY_STORE",
      message:
        "The sessions are in a MemoryStore: every restart signs everybody out, and several processes do not share it. See docs/troubleshooting.md#memory-store.",
    };
  }
}

function sessionCookieOf(req: IncomingMessage): SessionCookieSettings {
  const { session } = req as { session?: { cookie?: SessionCookieSettings } };
  return session?.cookie ?? {};
}

function isHttps(req: IncomingMessage): boolean {
  const forwarded = String(req.headers["x-forwarded-proto"] ?? "");
  return forwarded.startsWith("https") || ("encrypted" in req.socket && req.socket.encrypted === true);
}

/** Only what is certain: behind a proxy, the Host header may be any name of its own. */
function isOtherHost(here: string, there: string): boolean {
  if (LOOPBACK.test(here) && LOOPBACK.test(there)) return here !== there;
  return here.endsWith(`.${there}`) || there.endsWith(`.${here}`);
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}
