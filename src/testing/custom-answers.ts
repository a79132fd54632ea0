import type { IncomingHttpHeaders } from "node:http";
import { type ChosenAnswer, chosenAnswer } from "./answer.js";
import type { Call } from "./call.js";
import { type Place, Router } from "./router.js";

/** What a function given to `discord.answer` sees of a request. */
export interface AnsweredRequest {
  readonly method: string;
  /** Without `/api` and the version. */
  readonly path: string;
  /** What stands where the route has a colon, in order. */
  readonly ids: readonly string[];
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body, or undefined. */
  readonly json: unknown;
}

/** An answer of the test's own, or how it comes about. */
export type CustomAnswer = ChosenAnswer | ((request: AnsweredRequest) => ChosenAnswer);

/** Routes a test has answered itself; of several for one request the newest counts. */
export class CustomAnswers {
  readonly #routers = new Set<Router>();

  /**
   * Answers a route, such as "GET /channels/:id/pins"; returns what takes the answer away again.
   *
   * @throws TypeError when the route has no method
   */
  add(route: string, answer: CustomAnswer): () => void {
    if (!/^[A-Z]+ \/\S*$/.test(route)) {
      throw new TypeError(`"${route}" is not a route to answer: write "GET /channels/:id/pins".`);
    }
    const choose = typeof answer === "function" ? answer : () => answer;
    const router = new Router({ [route]: (call) => chosenAnswer(choose(toRequest(call))) });
    this.#routers.add(router);
    return () => this.#routers.delete(router);
  }

  /** The newest answer to this request, unless the API itself knows the path more precisely. */
  find(method: string, path: string, own: Place | undefined): Place | undefined {
    for (const router of [...this.#routers].reverse()) {
      const place = router.find(method, path);
      if (place?.handle !== undefined && place.ids.length <= (own?.ids.length ?? place.ids.length))
        return place;
    }
    return own;
  }
}

function toRequest({ apiPath, body, headers, ids, method, query }: Call): AnsweredRequest {
  const json = body.kind === "json" ? body.value : undefined;
  return { method, path: apiPath, ids: ids.map(({ value }) => value), query, headers, json };
}
