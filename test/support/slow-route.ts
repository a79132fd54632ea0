import type { Application, Request } from "express";
import { forward } from "./app.js";
import { createGate } from "./gate.js";

/** A route that has read its session, and writes to it only when it is released. */
export interface SlowRoute {
  readonly path: string;
  /** Resolves when the next request has arrived and has its session. */
  readonly entered: Promise<void>;
  letGo(): void;
  mount(app: Application): void;
}

/** @param meanwhile what the request does before it waits */
export function slowRoute(meanwhile: (req: Request) => Promise<unknown> = async () => {}): SlowRoute {
  const entrance = createGate();
  const exit = createGate();
  return {
    path: "/slow",
    entered: entrance.opened,
    letGo: exit.open,
    mount(app) {
      app.get(
        "/slow",
        forward(async (req, res) => {
          await meanwhile(req);
          entrance.open();
          await exit.opened;
          Object.assign(req.session, { note: "written late" });
          res.json({ done: true });
        }),
      );
    },
  };
}
