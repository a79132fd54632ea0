import type { Request, Response } from "express";
import { isRecord } from "./check-options.js";
import type { CodeLogin, Login } from "./login/login.js";
import { requireMethod } from "./login/manners.js";
import { parseJson, readBody } from "./request-body.js";
import type { DiscordOAuth2Session } from "./session.js";

const MAX_BODY_BYTES = 16_384;

/**
 * Signs in the user of an Activity: reads `{ code }` from the JSON body and answers with `{ access_token }`, which the
 * Embedded App SDK needs.
 *
 * @param onLogin the app's handler of a new login; it may send a response of its own
 * @throws HttpException, RateLimited, and any error of `onLogin`
 */
export async function signInToActivity(
  discord: DiscordOAuth2Session,
  req: Request,
  res: Response,
  onLogin: ((req: Request, login: Login, res: Response) => unknown) | undefined,
): Promise<void> {
  requireMethod(["POST"], req, res, "An Activity's code");
  const login: CodeLogin = await discord.signInWithCode(req, {
    code: await codeOf(req),
    // Always given, so that the end of the response need not wait until the login is recorded.
    onLogin: async (one) => void (await onLogin?.(req, one, res)),
  });
  if (!res.headersSent) res.json({ access_token: login.accessToken });
}

/** @returns the posted `code`, of any type; `signInWithCode` checks it */
async function codeOf(req: Request): Promise<string> {
  // Serverless hosts parse bodies without reading the request. A parser of Express 4 that skips a body sets `{}`.
  const isParsed = req.readableDidRead || (isRecord(req.body) && Object.keys(req.body).length > 0);
  const body: unknown = isParsed ? req.body : parseJson(await readBody(req, MAX_BODY_BYTES));
  return isRecord(body) ? (body["code"] as string) : "";
}
