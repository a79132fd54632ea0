import type { IncomingMessage } from "node:http";
import type {} from "express-session";
import { HttpException } from "../errors.js";
import type { KeyForm } from "./record-keys.js";
import type { SessionStore } from "./record-store.js";

/** What a session holds about a sign-in. The tokens are not in it: they are stored next to the session. */
export interface SignIn {
  readonly grantId: string;
  readonly userId?: string | undefined;
  /** The form of the keys of the grant's records, where it is not the default. */
  readonly keyForm?: KeyForm | undefined;
  /** The encrypted tokens, where the session has no store to keep them next to it. */
  readonly sealed?: string | undefined;
}

/** What stays in a session after a sign-out, so that the next user does not inherit what the app keeps there. */
export interface SignedOut {
  readonly formerUserId: string | undefined;
}

declare module "express-session" {
  interface SessionData {
    /** Belongs to express-discord: one entry for each Discord application, by client id. */
    discord?: Readonly<Record<string, SignIn | SignedOut>>;
  }
}

/** The parts of a session that are used, of express-session and of cookie-session alike. */
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
  /** Where cookie-session keeps its settings. */
  sessionOptions?: CookieSettings;
}

/** @throws HttpException session_missing */
export function sessionOf(req: IncomingMessage): SessionLike {
  const { session } = req as IncomingMessage & WithSession;
  if (session) return session;
  throw new HttpException({
    message:
      "This request has no session. Likeliest first: app.use(session(...)) is missing; it comes after this route; its store is offline; its cookie path does not cover this route.",
    code: "session_missing",
    status: 500,
  });
}

/** How the session's cookie is set, where that can be told: by express-session or cookie-session. */
export interface SessionCookieSettings {
  readonly sameSite: "strict" | "lax" | "none" | undefined;
  readonly secure: boolean | "auto" | undefined;
}

/** The settings of the session's cookie. */
export function sessionCookieOf(req: IncomingMessage): SessionCookieSettings {
  const { session, sessionOptions } = req as IncomingMessage & WithSession;
  const { sameSite, secure } = session?.cookie ?? sessionOptions ?? {};
  const site = sameSite === true ? "strict" : String(sameSite).toLowerCase();
  return {
    sameSite: site === "strict" || site === "lax" || site === "none" ? site : undefined,
    secure: secure === "auto" || typeof secure === "boolean" ? secure : undefined,
  };
}

/** Where express-session keeps the sessions; other session middleware has no such place. */
export function sessionStoreOf(req: IncomingMessage): SessionStore | undefined {
  return (req as IncomingMessage & WithSession).sessionStore;
}

/** The id of the session of this request; `undefined` where sessions have none. */
export function sessionIdOf(req: IncomingMessage): string | undefined {
  const { sessionID } = req as IncomingMessage & WithSession;
  return typeof sessionID === "string" ? sessionID : undefined;
}

/** The sign-in that the session points to; only its tokens tell whether it still holds. */
export function signInOf(session: SessionLike, clientId: string): SignIn | undefined {
  const entry = entryOf(session, clientId);
  return entry && "grantId" in entry && typeof entry.grantId === "string" ? entry : undefined;
}

/** Who signed in here last, whether still signed in or not. */
export function lastUserOf(
  session: SessionLike,
  clientId: string,
): { readonly id: string | undefined } | undefined {
  const entry = entryOf(session, clientId);
  if (!entry) return undefined;
  return { id: "grantId" in entry ? entry.userId : entry.formerUserId };
}

/** Sets what the session holds for one Discord application. */
export function setSignIn(session: SessionLike, clientId: string, entry: SignIn | SignedOut): void {
  const others = Object.entries(session.discord ?? {}).filter(([, other]) => isEntry(other));
  session.discord = { ...Object.fromEntries(others), [clientId]: entry };
}

/** Notes the id of the signed-in user, where the login could not find it out. */
export function learnUserId(session: SessionLike, clientId: string, userId: string): void {
  const signIn = signInOf(session, clientId);
  if (signIn && signIn.userId === undefined) setSignIn(session, clientId, { ...signIn, userId });
}

/** How long the session may live, in milliseconds; `undefined` where its cookie does not say. */
export function sessionLifetimeMs(session: SessionLike): number | undefined {
  const lifetimeMs = session.cookie?.originalMaxAge;
  return typeof lifetimeMs === "number" ? lifetimeMs : undefined;
}

/** An app may keep something else under the same name: then nobody is signed in. */
function entryOf({ discord }: SessionLike, clientId: string): SignIn | SignedOut | undefined {
  if (typeof discord !== "object" || discord === null || !Object.hasOwn(discord, clientId)) return undefined;
  return isEntry(discord[clientId]) ? discord[clientId] : undefined;
}

function isEntry(value: unknown): value is SignIn | SignedOut {
  return typeof value === "object" && value !== null && ("grantId" in value || "formerUserId" in value);
}
