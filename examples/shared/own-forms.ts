import type { RequestHandler } from "express";

/** The error for a form that another site has sent. */
export class ForeignForm extends Error {
  readonly status = 403;
}

/**
 * Prevents other sites from submitting this app's forms on a visitor's behalf (CSRF). A page of another site can make a
 * browser send a form here but cannot hide where it comes from: browsers say so in `Sec-Fetch-Site`, older ones in
 * `Origin`.
 */
export const ownFormsOnly: RequestHandler = function ownFormsOnly(req, _res, next) {
  const isReading = req.method === "GET" || req.method === "HEAD";
  next(
    isReading || isFromOwnPage(req.headers) ? undefined : new ForeignForm("Another site has sent this form."),
  );
};

function isFromOwnPage(headers: {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly "sec-fetch-site"?: string | string[] | undefined;
}): boolean {
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin";
  return URL.canParse(headers.origin ?? "") && new URL(headers.origin ?? "").host === headers.host;
}
