import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { Flows, type FlowWish } from "../../src/login/flow.js";
import { OwnCookies } from "../../src/login/own-cookies.js";
import type { Seal } from "../../src/seal.js";

/** This library's cookies of an application on https or plain http. */
export function ownCookies(clientId: string, secure = false): OwnCookies {
  return new OwnCookies({ clientId, redirectUri: `http${secure ? "s" : ""}://app.example/callback` });
}

export function requestWith(cookie: string | undefined): IncomingMessage {
  const req = new IncomingMessage(new Socket());
  if (cookie !== undefined) req.headers.cookie = cookie;
  return req;
}

/** Returns the `Set-Cookie` headers of the response that a step sends. */
export function setCookiesOf(step: (res: ServerResponse) => void): readonly string[] {
  const res = new ServerResponse(requestWith(undefined));
  step(res);
  return [res.getHeader("Set-Cookie") ?? []].flat().map(String);
}

/** The logins in progress of an application, by the headers of requests and responses. */
export function loginFlows(seal: Seal, clientId: string, secure = false) {
  const flows = new Flows(seal, ownCookies(clientId, secure));
  return {
    start(cookie: string | undefined, wish: FlowWish) {
      let started: ReturnType<Flows["start"]> | undefined;
      const setCookies = setCookiesOf((res) => {
        started = flows.start(requestWith(cookie), res, wish);
      });
      return { state: started?.state ?? "", challenge: started?.challenge, setCookies };
    },
    find: (cookie: string | undefined, state: string) => flows.find(requestWith(cookie), state),
    end: (state: string) => setCookiesOf((res) => flows.end(res, state))[0],
  };
}

export type LoginFlows = ReturnType<typeof loginFlows>;
