import type { IncomingHttpHeaders } from "node:http";
import { type ChosenAnswer, chosenAnswer, requireStatus } from "./answer.js";
import type { Call } from "./call.js";
import { decodePath } from "./decode-path.js";
import { isRoutePath } from "./route-pattern.js";
import { type Place, Router } from "./router.js";

/** A request, as passed to a function of `discord.answer`. */
export interface AnsweredRequest {
  readonly method: string;
  /** The path without `/api` and the version. */
  readonly path: string;
  /** The values of the route's placeholders, in order. */
  readonly ids: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body, if there is one. */
  readonly json: unknown;
}

/** A test's own response, or a function that makes it. */
export type CustomAnswer = ChosenAnswer | ((request: AnsweredRequest) => ChosenAnswer);

/** A test's own responses by route. If several match a request, the newest one is used. */
export class CustomAnswers {
  readonly #routers = new Set<Router>();

  /**
   * Sets the response of a route, such as "GET /channels/:id/pins".
   *
   * @returns a function that removes the response
   * @throws TypeError when the route has no method, and for a wrong status
   */
  add(route: string, answer: CustomAnswer): () => void {
    const [, method, written = ""] = /^([A-Z]+) (\/\S*)$/.exec(route) ?? [];
    const path = decodePath(written);
    if (!path || !isRoutePath(written)) {
      throw new TypeError(
        `"${route}" is not a route to answer: write "GET /channels/:id/pins", without /api or a query.`,
      );
    }
    if (typeof answer !== "function") requireStatus(answer.status ?? 200);
    const router = new Router({ [`${method} ${path}`]: (call) => chosenAnswer(choose(answer, call)) });
    this.#routers.add(router);
    return () => this.#routers.delete(router);
  }

  /** Returns the newest response for this request, unless the API has a more specific route. */
  find(method: string, path: string, own: Place | undefined): Place | undefined {
    for (const router of [...this.#routers].reverse()) {
      const place = router.find(method, path);
      if (place?.handle !== undefined && place.ids.length <= (own?.ids.length ?? place.ids.length))
        return place;
    }
    return own;
  }
}

function choose(answer: CustomAnswer, call: Call): ChosenAnswer {
  const chosen: unknown = typeof answer === "function" ? answer(toRequest(call)) : answer;
  if (typeof chosen === "object" && chosen !== null && !("then" in chosen)) return chosen;
  throw new TypeError(
    "The function passed to discord.answer() must return the response, not a promise of it.",
  );
}

function toRequest({ apiPath, body, headers, ids, method, query }: Call): AnsweredRequest {
  const json = body.kind === "json" ? body.value : undefined;
  return { method, path: apiPath, ids: ids.map(({ value }) => value), query, headers, json };
}
