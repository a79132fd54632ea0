import type { Request } from "express";

declare module "express-session" {
  interface SessionData {
    notice: string;
  }
}

/** What the next page tells this visitor, once: that something has worked, after a redirect. */
export function notify({ session }: Request, text: string): void {
  session.notice = text;
}

/** What there is to tell. */
export function takeNotice({ session }: Request): string | undefined {
  const notice = session?.notice;
  if (notice !== undefined) delete session.notice;
  return notice;
}
