import { type SessionData, Store } from "express-session";
import type { RunProcess } from "./run-process.js";
import type { World } from "./world.js";

type Done = (error?: unknown) => void;

/** The session store as one process accesses it. All processes share the content. */
export class SharedStore extends Store {
  readonly #world: World;
  readonly #process: RunProcess;
  readonly #touchWrites: boolean;

  /** @param touchWrites whether `touch` writes the record it is given, like memcached's */
  constructor(world: World, process: RunProcess, touchWrites: boolean) {
    super();
    this.#world = world;
    this.#process = process;
    this.#touchWrites = touchWrites;
  }

  get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    let json: string | undefined;
    this.#world.storeCall(this.#process, {
      what: "get",
      key: id,
      isRead: true,
      act: () => {
        json = this.#world.records.get(id);
        return this.#world.records.read(id);
      },
      deliver: () => callback(null, json === undefined ? null : JSON.parse(json)),
    });
  }

  set(id: string, session: SessionData, callback: Done = () => {}): void {
    this.#write("set", id, session, callback);
  }

  override touch(id: string, session: SessionData, callback: Done = () => {}): void {
    if (this.#touchWrites && id.startsWith("discord-")) this.#write("touch", id, session, callback);
    else
      this.#world.storeCall(this.#process, {
        what: "touch",
        key: id,
        isRead: true,
        act: () => "",
        deliver: () => callback(),
      });
  }

  destroy(id: string, callback: Done = () => {}): void {
    this.#world.storeCall(this.#process, {
      what: "destroy",
      key: id,
      isRead: false,
      act: () => {
        this.#world.records.delete(id);
        return "";
      },
      deliver: () => callback(),
    });
  }

  #write(what: string, id: string, session: SessionData, callback: Done): void {
    const json = JSON.stringify(session);
    const version = this.#process.nextId("write");
    this.#world.storeCall(this.#process, {
      what,
      key: id,
      isRead: false,
      act: () => {
        this.#world.records.set(id, json, version);
        return this.#world.records.read(id);
      },
      deliver: () => callback(),
      fail: () => callback(new Error("The store is out of order.")),
    });
  }
}
