const NAME = "simulated-discord-user";

/** Returns the `Set-Cookie` header for the user who is signed in to Discord, for `prompt=none`. */
export function signedInCookie(userId: string): string {
  return `${cookiePair(userId)}; Path=/; HttpOnly; SameSite=Lax`;
}

/** Returns the cookie as a browser sends it. */
export function cookiePair(userId: string): string {
  return `${NAME}=${userId}`;
}

/** Returns the user id in a `Cookie` header. */
export function readSignedInUser(header: string | undefined): string | undefined {
  return new RegExp(`(?:^|; )${NAME}=(\\d+)`).exec(header ?? "")?.[1];
}
