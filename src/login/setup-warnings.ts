import type { IncomingMessage } from "node:http";
import { now } from "../clock.js";
import type { Config } from "../config.js";
import { sessionCookieOf, sessionStoreOf } from "../grants/session-data.js";
import { shown } from "../shown.js";

const MEMORY_STORE = "EXPRESS_DISCORD_MEMORY_STORE";
const MINUTE_MS = 60_000;
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Warns of problems in the app's setup that will lose sign-ins, once each. Logins continue. */
export class SetupWarnings {
  readonly #redirectUri: URL;
  readonly #hints = new Map<string, string>();
  #droppedAt = Number.NEGATIVE_INFINITY;

  constructor({ redirectUri }: Config) {
    this.#redirectUri = new URL(redirectUri);
  }

  /** Checks the request that starts a login. */
  inspect(req: IncomingMessage): void {
    const { sameSite, secure } = sessionCookieOf(req);
    if (sameSite === "strict")
      this.#warnOnce(
        "EXPRESS_DISCORD_SAME_SITE_STRICT",
        'The session cookie has sameSite: "strict". Browsers do not send it with Discord\'s redirect, so visitors look signed out. Use sameSite: "lax". See docs/troubleshooting.md#same-site-strict.',
      );
    if (secure === true && !isHttps(req))
      this.#warnOnce(
        "EXPRESS_DISCORD_SECURE_WITHOUT_HTTPS",
        'The session cookie is secure, but this login was requested over plain HTTP, so the browser does not keep the session. Use HTTPS, or secure: "auto" during development. See docs/troubleshooting.md#secure-without-https.',
      );
    const there = this.#redirectUri;
    const { host, "x-forwarded-host": forwardedHost = host } = req.headers;
    const here = `http://${String(forwardedHost)}`;
    // A proxy may have changed Host. If not, ignore X-Forwarded-Host, which a client may have made up.
    if (host !== there.host && URL.canParse(here) && isOtherHost(new URL(here), there))
      this.#warnOnce(
        "EXPRESS_DISCORD_OTHER_HOST",
        `A login started on ${nameBeside(new URL(here), there)}, but the redirect URI is on ${there.hostname}, and the two do not share cookies. Open the app on ${there.hostname}, or register a redirect URI on the other host. See docs/troubleshooting.md#other-host.`,
      );
    if (process.env["NODE_ENV"] === "production" && sessionStoreOf(req)?.constructor.name === "MemoryStore")
      this.#warnOnce(
        MEMORY_STORE,
        "Sessions are kept in a MemoryStore: every restart signs everybody out, and processes do not share sessions. Use another store. See docs/troubleshooting.md#memory-store.",
      );
  }

  /** Warns that the redirect URI does not lead to the router's callback. @param callback its path as browsers see it */
  otherCallback(callback: string): void {
    const { pathname } = this.#redirectUri;
    const prefix = pathname.endsWith(callback) ? pathname.slice(0, -callback.length) : "";
    const advice = prefix && ` If a proxy strips ${shown(prefix)}, set the option basePath to it.`;
    const code = "EXPRESS_DISCORD_OTHER_CALLBACK";
    const message = `The redirect URI leads to ${shown(pathname)}, but the callback of discordRouter is ${shown(callback)}, so visitors do not reach it. Change the redirect URI or the path where the router is mounted.${advice} See docs/troubleshooting.md#other-callback.`;
    // Keyed by code, not message: clients choose the case of the path and could emit endless warnings.
    this.#warnOnce(code, message, code);
  }

  /**
   * Warns that a login ignores its `returnTo`, at most once a minute. Not once per process, because clients choose the
   * address and could use up the only warning.
   */
  droppedReturnTo(address: string): void {
    if (now() - this.#droppedAt < MINUTE_MS) return;
    this.#droppedAt = now();
    emit(
      "EXPRESS_DISCORD_RETURN_TO_DROPPED",
      `A login ignores returnTo ${shown(address)} and will redirect to afterLogin: it is neither a path of this app nor a URL on one of the option origins, or is longer than 1,500 bytes. See docs/troubleshooting.md#returnto-dropped.`,
    );
  }

  /** Problems that may explain why a callback found no login in progress, as text for an error message. */
  get hint(): string {
    return [...this.#hints.values()].join("");
  }

  #warnOnce(code: string, message: string, key = message): void {
    if (this.#hints.has(key)) return;
    this.#hints.set(key, code === MEMORY_STORE ? "" : ` Likely cause: ${message}`);
    emit(code, message);
  }
}

function emit(code: string, message: string): void {
  process.emitWarning(message, { type: "ExpressDiscordWarning", code });
}

function isHttps(req: IncomingMessage): boolean {
  const forwarded = String(req.headers["x-forwarded-proto"] ?? "");
  return forwarded.startsWith("https") || ("encrypted" in req.socket && req.socket.encrypted === true);
}

/** Returns `true` only if it is certain: behind a proxy, the Host header may hold an internal name and port. */
function isOtherHost(here: URL, there: URL): boolean {
  if (here.port !== there.port) return false;
  if (LOOPBACK.test(here.hostname) && LOOPBACK.test(there.hostname)) return here.hostname !== there.hostname;
  return here.hostname.endsWith(`.${there.hostname}`) || there.hostname.endsWith(`.${here.hostname}`);
}

/** Shows only names derived from the redirect URI, because the client chose any other name. */
function nameBeside(here: URL, there: URL): string {
  const isKnown = LOOPBACK.test(here.hostname) || there.hostname.endsWith(`.${here.hostname}`);
  return isKnown || here.hostname === `www.${there.hostname}`
    ? here.hostname
    : `a subdomain of ${there.hostname}`;
}
