import type { IncomingMessage } from "node:http";
import { answered, readSession, type SessionStore } from "../grants/record-store.js";
import { type SessionLike, sessionOf } from "../grants/session-data.js";

/** Cookie settings that `regenerate` resets and an app may have changed for this session. */
const COOKIE_SETTINGS = ["path", "httpOnly", "secure", "sameSite", "domain", "priority", "partitioned"];

/** Session ids that cookies carry unencoded. */
const PLAIN_ID = /^[\w-]{16,}$/;

/**
 * Gives the visitor a new session id, against session fixation. A session created for this request is kept, because
 * its id is new already. Sessions of cookie-session have no id.
 *
 * @param source the session whose data, cookie settings and sign-ins the new one gets; `undefined` for an empty one
 * @throws HttpException store_failed
 */
export async function renewSession(
  req: IncomingMessage,
  source: SessionLike | undefined,
  deadlineMs: number,
): Promise<SessionLike> {
  const former = sessionOf(req);
  if (source === former && isNew(req, former)) return former;
  const { cookie, ...data } = source ?? {};
  await settled(deadlineMs, (callback) => (former.regenerate ? former.regenerate(callback) : callback()));

  const session = sessionOf(req);
  const others = source === former ? [] : Object.keys(session).filter((key) => key !== "cookie");
  for (const key of others) Reflect.deleteProperty(session, key);
  Object.assign(session, data);
  if (cookie && session.cookie) {
    const settings = Object.entries(cookie.toJSON?.() ?? cookie);
    Object.assign(
      session.cookie,
      Object.fromEntries(settings.filter(([key]) => COOKIE_SETTINGS.includes(key))),
    );
    session.cookie.maxAge = cookie.originalMaxAge;
    // Setting maxAge just recomputed originalMaxAge from the clock; restore the exact value.
    session.cookie.originalMaxAge = cookie.originalMaxAge;
  }
  return session;
}

/** Reads a session from its store; `undefined` if it is gone. @throws HttpException store_failed */
export async function storedSession(
  store: SessionStore,
  sessionId: string,
  deadlineMs: number,
): Promise<SessionLike | undefined> {
  const session = await answered("reading the session", deadlineMs, () => readSession(store, sessionId));
  return typeof session === "object" && session !== null ? session : undefined;
}

interface MaybeParsed {
  readonly sessionID?: unknown;
  readonly originalUrl?: string;
  readonly cookies?: object;
  readonly signedCookies?: object;
}

/** Whether express-session created the session for this request: its id appears nowhere in what the browser sent. */
function isNew(req: IncomingMessage & MaybeParsed, session: SessionLike): boolean {
  const { sessionID: id, originalUrl = "", url = "", headers, rawHeaders = [], cookies, signedCookies } = req;
  if (typeof id !== "string" || !PLAIN_ID.test(id) || session.id !== id) return false;
  const sent = [originalUrl, url, headers.cookie ?? "", ...rawHeaders].map(decoded);
  const parsed = [...Object.values(cookies ?? {}), ...Object.values(signedCookies ?? {})];
  return ![...sent, ...parsed].some((text) => typeof text === "string" && text.includes(id));
}

function decoded(text: string): string {
  return text.replace(/%[0-7][\da-f]/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}

/** @throws HttpException store_failed */
export async function saveSession(session: SessionLike, deadlineMs: number): Promise<void> {
  await settled(deadlineMs, (callback) => (session.save ? session.save(callback) : callback()));
}

async function settled(
  deadlineMs: number,
  task: (callback: (error?: unknown) => void) => unknown,
): Promise<void> {
  await answered("saving the session", deadlineMs, () => {
    return new Promise<void>((resolve, reject) => {
      const returned = task((error) => (error ? reject(error) : resolve()));
      if (isPromise(returned)) returned.then(() => resolve(), reject);
    });
  });
}

/** Some sessions return a promise instead of calling back. */
function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}
