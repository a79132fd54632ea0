import { AccessDenied, HttpException } from "../errors.js";

const LONGEST = 2048;
const LONGEST_QUERY = 8192;

/** The query parameters of Discord's redirect to the callback (RFC 6749, 4.1.2; RFC 9207). */
export interface CallbackQuery {
  readonly state: string;
  readonly issuer: string | undefined;
  readonly answer:
    | { readonly code: string }
    | { readonly error: string; readonly description: string | undefined };
}

/** Parses the URL, because apps may configure how `req.query` is parsed. @throws HttpException callback_malformed */
export function parseCallbackQuery(url: string): CallbackQuery {
  const text = url.slice(url.indexOf("?") + 1);
  if (text.length > LONGEST_QUERY) throw malformed("is too long");
  const query = new URLSearchParams(url.includes("?") ? text : "");

  function read(name: string): string | undefined {
    const [value, ...more] = query.getAll(name);
    if (more.length > 0) throw malformed(`repeats ${name}`);
    if (value !== undefined && value.length > LONGEST) throw malformed(`has a ${name} that is too long`);
    return value;
  }
  const names = ["state", "code", "error", "error_description", "iss"];
  const [state, code, error, description, issuer] = names.map(read);
  if (!state) throw malformed("has no state");
  if (error) return { state, issuer, answer: { error, description: description || undefined } };
  if (!code) throw malformed("has neither a code nor an error");
  return { state, issuer, answer: { code } };
}

/** @throws HttpException issuer_mismatch when the response comes from another authorization server (RFC 9207) */
export function requireIssuer(issuer: string | undefined, expected: string): void {
  if (issuer === undefined || issuer === expected) return;
  throw new HttpException({
    message: `The issuer in this callback is not ${expected}, so the callback does not come from Discord.`,
    code: "issuer_mismatch",
  });
}

/** The exception for an error that Discord sent instead of a code. @param prompt the option of the login */
export function authorizationError(
  { error, description }: { error: string; description: string | undefined },
  prompt = true,
): HttpException {
  if (error === "access_denied") {
    return new AccessDenied({
      message:
        "The visitor pressed Cancel on Discord's page. Let them start the login again when they want to.",
      code: "access_denied",
      error,
      description,
      prompt,
    });
  }
  return new HttpException({
    message: `Discord rejected the login with ${JSON.stringify(error.slice(0, 100))}${description ? `: ${description.slice(0, 300)}` : "."}`,
    code: "authorization_failed",
    error,
    description,
  });
}

function malformed(problem: string): HttpException {
  return new HttpException({
    message: `This callback ${problem}, so it is not a redirect from Discord. The visitor's login can still be completed.`,
    code: "callback_malformed",
  });
}
