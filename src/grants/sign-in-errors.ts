import { Unauthorized } from "../errors.js";

/** The error for a session without a sign-in. */
export function notSignedIn(): Unauthorized {
  return new Unauthorized({
    message: "Nobody is signed in with Discord in this session. Send the visitor to the login route.",
    code: "not_signed_in",
    status: 401,
  });
}

/** The error for a session whose sign-in has ended. */
export function grantEnded(): Unauthorized {
  return new Unauthorized({
    message:
      "This sign-in has ended: the visitor signed out, or Discord rejected the token. Send the visitor to the login route.",
    code: "grant_ended",
    status: 401,
  });
}
