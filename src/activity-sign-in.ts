import type { Request, Response } from "express";
import type { CodeLogin, Login } from "./login/login.js";
import { postRequired } from "./login/manners.js";
import { isObject } from "./models/model.js";
import { readBody } from "./request-body.js";
import type { DiscordOAuth2Session } from "./session.js";

const MAX_BODY_BYTES = 16_384;

/**
 * Signs in who is using an Activity: takes `{ code }` as JSON and answers with `{ access_token }`, as the Embedded App SDK
 * wants it.
 *
 * @param onLogin what the app does with a new login; it may send another answer
 * @throws HttpException, RateLimited, and what `onLogin` throws
 */
export async function signInToActivity(
  discord: DiscordOAuth2Session,
  req: Request,
  res: Response,
  onLogin: ((req: Request, login: Login, res: Response) => unknown) | undefined,
): Promise<void> {
  if (req.method !== "POST") throw postRequired(req, res, "An Activity's code");
  const login: CodeLogin = await discord.signInWithCode(req, {
    code: await codeOf(req),
    onLogin: onLogin && (async (one) => void (await onLogin(req, one, res))),
  });
  if (!res.headersSent) res.json({ access_token: login.accessToken });
}

/** @returns what is posted as `code`, whatever it is: its form is checked with the rest of the request */
async function codeOf(req: Request): Promise<string> {
  const isParsed = req.readableDidRead || isObject(req.body);
  const body: unknown = isParsed ? req.body : parsed(await readBody(req, MAX_BODY_BYTES));
  return isObject(body) && "code" in body ? (body.code as string) : "";
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
