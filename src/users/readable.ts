import { HttpException } from "../errors.js";

/** Makes something of an answer. @throws HttpException discord_unavailable where it is not of the documented shape */
export function readable<T>(method: string, route: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new HttpException({
      message: `Discord's answer to ${method} ${route} is not of the documented shape.`,
      code: "discord_unavailable",
      status: 502,
      method,
      route,
      cause,
    });
  }
}
