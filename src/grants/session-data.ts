import type { IncomingMessage } from "node:http";
import type {} from "express-session";
import { HttpException } from "../errors.js";
import type { KeyForm } from "./record-keys.js";
import type { SessionStore } from "./record-store.js";
import type { KnownUser } from "./token.js";

/** The entry of a sign-in in the session. The tokens are stored next to the session, not in it. */
export interface SignIn extends KnownUser {
  /** The format of the grant's record keys; absent for the default format. */
  readonly keyForm?: KeyForm | undefined;
  /** The encrypted tokens. Present only if the session has no store. */
  readonly sealed?: string | undefined;
}

/** The entry left after a sign-out. The next login drops the app's session data if another user signs in. */
export interface SignedOut {
  /** `null` if the user was unknown: stores and cookies drop `undefined`. */
  readonly formerUserId: string | null;
}

declare module "express-session" {
  interface SessionData {
    /** Reserved for express-discord: one entry for each Discord application, by client id. */
    discord?: Readonly<Record<string, SignIn | SignedOut>>;
  }
}

/** The parts of a session that this library uses, in express-session and cookie-session alike. */
export interface SessionLike {
  readonly id?: unknown;
  discord?: Readonly<Record<string, SignIn | SignedOut>>;
  cookie?: SessionCookie;
  save?(callback: (error?: unknown) => void): unknown;
  regenerate?(callback: (error?: unknown) => void): unknown;
}

interface CookieSettings {
  readonly sameSite?: unknown;
  readonly secure?: unknown;
}

interface SessionCookie extends CookieSettings {
  originalMaxAge: number | null;
  maxAge?: number | null;
  expires?: Date | string | null | undefined;
  toJSON?(): Record<string, unknown>;
}

interface WithSession {
  session?: SessionLike | null;
  sessionStore?: SessionStore;
  sessionID?: unknown;
  /** Set by cookie-session. */
  sessionOptions?: CookieSettings;
}

/** @throws HttpException session_missing */
export function sessionOf(req: IncomingMessage): SessionLike {
  const { session } = req as WithSession;
  if (session) return session;
  throw new HttpException({
    message:
      "This request has no session. Likely causes, most likely first: app.use(session(...)) is missing; it comes after this route; its store is offline; its cookie path does not cover this route; the app has already destroyed it.",
    code: "session_missing",
    status: 500,
  });
}

/** Whether the request has a session. An app may destroy it while it handles the request. */
export function hasSession(req: IncomingMessage): boolean {
  return Boolean((req as IncomingMessage & WithSession).session);
}

/** Reads the settings of the session cookie of express-session or cookie-session. */
export function sessionCookieOf(req: IncomingMessage): { sameSite: string; secure: unknown } {
  const { session, sessionOptions } = req as IncomingMessage & WithSession;
  const { sameSite, secure } = session?.cookie ?? sessionOptions ?? {};
  return { sameSite: sameSite === true ? "strict" : String(sameSite).toLowerCase(), secure };
}

/** Returns the store of express-session; `undefined` with other session middleware. */
export function sessionStoreOf(req: IncomingMessage): SessionStore | undefined {
  return (req as IncomingMessage & WithSession).sessionStore;
}

/** Returns the id of this request's session; `undefined` if its sessions have no ids. */
export function sessionIdOf(req: IncomingMessage): string | undefined {
  const { sessionID } = req as IncomingMessage & WithSession;
  return typeof sessionID === "string" ? sessionID : undefined;
}

/** Returns the sign-in that the session points to. It may have ended, which only its tokens show. */
export function signInOf({ discord }: SessionLike, clientId: string): SignIn | undefined {
  // The app may keep something else in `session.discord`.
  const entry = discord?.[clientId] as Partial<SignIn> | null | undefined;
  return typeof entry?.grantId === "string" ? (entry as SignIn) : undefined;
}

/** Returns the user who signed in last, even if they have signed out since; `undefined` if nobody has. */
export function lastUserOf(
  session: SessionLike,
  clientId: string,
): { readonly id: string | undefined } | undefined {
  const entry: unknown = session.discord?.[clientId];
  if (!isEntry(entry)) return undefined;
  return { id: "grantId" in entry ? entry.userId : (entry.formerUserId ?? undefined) };
}

/** Sets the session's entry for one Discord application. */
export function setSignIn(session: SessionLike, clientId: string, entry: SignIn | SignedOut): void {
  const others = Object.entries(session.discord ?? {}).filter(([, other]) => isEntry(other));
  session.discord = { ...Object.fromEntries(others), [clientId]: entry };
}

/** Adds the user's id to the sign-in of a grant if the login could not fetch it. */
export function learnUserId(session: SessionLike, clientId: string, grantId: string, userId: string): void {
  const signIn = signInOf(session, clientId);
  if (signIn?.grantId === grantId && signIn.userId === undefined)
    setSignIn(session, clientId, { ...signIn, userId });
}

/** Returns the lifetime of a request's session in milliseconds; `undefined` without one, or if it has no `maxAge`. */
export function sessionLifetimeMs(req: IncomingMessage): number | undefined {
  const lifetimeMs = (req as WithSession).session?.cookie?.originalMaxAge;
  return typeof lifetimeMs === "number" ? lifetimeMs : undefined;
}

function isEntry(value: unknown): value is SignIn | SignedOut {
  return typeof value === "object" && value !== null && ("grantId" in value || "formerUserId" in value);
}
