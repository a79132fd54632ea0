const NAME = "simulated-discord-user";

/** The cookie by which the consent page knows who is signed in: whom `prompt=none` is about. */
export function signedInCookie(userId: string): string {
  return `${cookiePair(userId)}; Path=/; HttpOnly; SameSite=Lax`;
}

/** The same as a browser sends it back. */
export function cookiePair(userId: string): string {
  return `${NAME}=${userId}`;
}

/** The user id in a `Cookie` header. */
export function readSignedInUser(header: string | undefined): string | undefined {
  return new RegExp(`(?:^|; )${NAME}=(\\d+)`).exec(header ?? "")?.[1];
}
