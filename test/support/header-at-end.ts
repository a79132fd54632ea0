import type { RequestHandler } from "express";

/** A middleware that sets the header `X-Ended` when a response ends, as homemade response timers do. */
export const headerAtEnd: RequestHandler = (_req, res, next) => {
  const { end } = res;
  res.end = function endWithHeader(...args: unknown[]) {
    res.setHeader("X-Ended", "yes");
    return Reflect.apply(end, res, args);
  } as typeof res.end;
  next();
};
