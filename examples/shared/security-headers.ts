import type { RequestHandler } from "express";

/**
 * Sets a policy for what pages may load: their own style sheet, and pictures from Discord or the simulated one. A form
 * may also lead to Discord, because a form that is sent after the sign-in has ended is redirected to the login.
 */
export function securityHeaders(discordUrl = "https://discord.com"): RequestHandler {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    `img-src 'self' https://cdn.discordapp.com ${discordUrl}`,
    `form-action 'self' ${discordUrl}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");

  return function securityHeaders(_req, res, next) {
    res.setHeader("Content-Security-Policy", policy);
    res.setHeader("Referrer-Policy", "same-origin");
    res.setHeader("X-Content-Type-Options", "nosniff");
    next();
  };
}
