import { Unauthorized } from "../errors.js";

/** There is no sign-in in this session. */
export function notSignedIn(): Unauthorized {
  return new Unauthorized({
    message: "Nobody is signed in with Discord in this session. Send the visitor to the login.",
    code: "not_signed_in",
    status: 401,
  });
}

/** There was a sign-in in this session, and it is over. */
export function grantEnded(): Unauthorized {
  return new Unauthorized({
    message:
      "This sign-in has ended: it was signed out, or Discord refuses its token. Send the visitor to the login.",
    code: "grant_ended",
    status: 401,
  });
}
