import type { RequestHandler } from "express";

/** Error for a form that another site has sent. */
export class ForeignForm extends Error {
  readonly status = 403;
}

/**
 * Keeps other sites from sending this app's forms in a visitor's name (CSRF). A page of another site can make a browser
 * send a form here, but not hide where the form is from: browsers say so in `Sec-Fetch-Site`, older ones in `Origin`.
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
