import type { IncomingMessage } from "node:http";
import type {} from "express-session";
import { HttpException } from "../errors.js";
import type { SessionStore } from "./token-store.js";

/** What a session holds about a sign-in. The tokens are not in it: they lie beside the session. */
export interface SignIn {
  readonly grantId: string;
  readonly userId?: string | undefined;
  /** The hash of the state whose callback made this session. */
  readonly stateHash?: string | undefined;
  /** The sealed tokens, where the session has no store to keep them beside it. */
  readonly sealed?: string | undefined;
}

/** What stays in a session after a sign-out, so that the next user does not inherit what the app keeps there. */
export interface SignedOut {
  readonly formerUserId: string | undefined;
}

declare module "express-session" {
  interface SessionData {
    /** Belongs to express-discord. */
    discord?: SignIn | SignedOut;
  }
}

/** The parts of a session that are used, of express-session and of cookie-session alike. */
export interface SessionLike {
  readonly id?: unknown;
  discord?: SignIn | SignedOut;
  cookie?: SessionCookie;
  save?(callback: (error?: unknown) => void): unknown;
  regenerate?(callback: (error?: unknown) => void): unknown;
}

interface SessionCookie {
  originalMaxAge: number | null;
  maxAge?: number | null;
  expires?: Date | string | null | undefined;
  toJSON?(): Record<string, unknown>;
}

interface WithSession {
  session?: SessionLike | null;
  sessionStore?: SessionStore;
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

/** Where express-session keeps the sessions; other session middleware has no such place. */
export function sessionStoreOf(req: IncomingMessage): SessionStore | undefined {
  return (req as IncomingMessage & WithSession).sessionStore;
}

/** The sign-in that the session points to; whether it still holds, only its tokens can tell. */
export function signInOf(session: SessionLike): SignIn | undefined {
  const { discord } = session;
  return discord && "grantId" in discord ? discord : undefined;
}

/** Notes whose sign-in it is, where the login could not find out. */
export function learnUserId(session: SessionLike, userId: string): void {
  const signIn = signInOf(session);
  if (signIn && signIn.userId === undefined) session.discord = { ...signIn, userId };
}

/** Who was signed in here last, whether still or no more. */
export function lastUserOf(session: SessionLike): { readonly id: string | undefined } | undefined {
  const { discord } = session;
  if (!discord) return undefined;
  return { id: "grantId" in discord ? discord.userId : discord.formerUserId };
}

/** How long the session may live, in milliseconds; 0 where its cookie does not say. */
export function sessionLifetimeMs(session: SessionLike): number {
  return session.cookie?.originalMaxAge ?? 0;
}
