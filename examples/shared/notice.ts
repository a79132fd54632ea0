import type { Request } from "express";

declare module "express-session" {
  interface SessionData {
    notice: string;
  }
}

/** Shows a message on this visitor's next page, once. For the result of a form, after the redirect. */
export function notify({ session }: Request, text: string): void {
  session.notice = text;
}

/** Returns the message, if there is one, and removes it. */
export function takeNotice({ session }: Request): string | undefined {
  const notice = session?.notice;
  if (notice !== undefined) delete session.notice;
  return notice;
}
