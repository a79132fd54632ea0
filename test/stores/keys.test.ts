import { randomBytes, randomUUID } from "node:crypto";
import type { Application, Request } from "express";
import { describe, expect, it } from "vitest";
import { type DiscordOptions, requiresAuthorization } from "../../src/index.js";
import { LATEST_EXPRESS, startApp } from "../support/app.js";
import { failureOf, refreshesAt, WEEK_MS } from "../support/signed-in.js";
import { type SignedInOnStore, startSignedInOn } from "../support/signed-in-on.js";
import { MEMCACHED, MEMORY, POSTGRES_UUID, REDIS, type StoreKind, served } from "../support/stores.js";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Ways to generate session ids, and the format that every key must have. */
const FORMS: readonly (readonly [form: string, genid: () => string, pattern: RegExp])[] = [
  ["32 characters, the default", () => randomBytes(24).toString("base64url"), /^discord-[\w-]{24}$/],
  ["UUIDs", randomUUID, UUID],
  ["20 characters", () => randomBytes(15).toString("base64url"), /^[\w-]{1,20}$/],
  ["32 hexadecimal digits", () => randomBytes(16).toString("hex"), /^[0-9a-f]{1,32}$/],
  ["64 hexadecimal digits", () => randomBytes(32).toString("hex"), /^[0-9a-f]{1,64}$/],
  ["128 characters", () => randomBytes(96).toString("base64url"), /^[\w-]{1,128}$/],
];

const CHANGES: readonly (readonly [
  from: string,
  to: string,
  former: () => string,
  pattern: RegExp,
  next: () => string,
])[] = [
  ["UUIDs", "20 characters", randomUUID, UUID, () => randomBytes(15).toString("base64url")],
  ["20 characters", "UUIDs", () => randomBytes(15).toString("base64url"), /^[\w-]{1,20}$/, randomUUID],
  [
    "32 characters",
    "64 hexadecimal digits",
    () => randomBytes(24).toString("base64url"),
    /^discord-[\w-]{24}$/,
    () => randomBytes(32).toString("hex"),
  ],
];

const KINDS: readonly StoreKind[] = [MEMORY, REDIS, MEMCACHED];

/** Generates the session ids of an app and remembers them. */
interface Ids {
  readonly genid: () => string;
  readonly issued: Set<string>;
  /** New sessions get ids in this format from now on. */
  change(generate: () => string): void;
}

describe.each(LATEST_EXPRESS)("session ids on %s", (_express, createApp) => {
  describe.each(served(KINDS))("in %s", (name, kind) => {
    it.each(FORMS)(
      `every key in ${name} has the format of the session ids: %s`,
      async (_form, generate, pattern) => {
        const ids = idsOf(generate);
        const story = await startSignedInOn(createApp, kind, { session: { genid: ids.genid } });
        await refreshAndSignOut(story, ids, pattern);
      },
    );

    it.each(CHANGES)(
      `a sign-in in ${name} keeps to session ids of %s if new ones are %s`,
      async (_from, _to, former, pattern, next) => {
        const ids = idsOf(former);
        const session = { genid: ids.genid };
        const story = await startSignedInOn(createApp, kind, { session, routes: mountRenewal });
        ids.change(next);
        expect((await story.browser.get("/renew-session")).status).toBe(200);
        expect([...ids.issued].filter((id) => !id.match(pattern)).length).toBeGreaterThan(0);
        await refreshAndSignOut(story, ids, pattern);
      },
    );
  });

  describe.each(served(KINDS))("in %s", (name, kind) => {
    it(`the option recordKey makes the keys in ${name} for ids of an unusual form`, async () => {
      const recordKey = (hash: string) => withCheckDigit(Buffer.from(hash).toString("hex").slice(0, 24));
      const discord = { recordKey };
      const ids = idsOf(() => withCheckDigit(randomBytes(12).toString("hex")));
      const story = await startSignedInOn(createApp, kind, {
        session: { genid: ids.genid },
        discord,
      });
      const written = await refreshAndSignOut(story, ids, /^[0-9a-f]{24}\/[0-9]$/, discord);
      expect(written.filter((key) => key !== withCheckDigit(key.slice(0, 24)))).toEqual([]);
    });
  });

  describe.each(served([POSTGRES_UUID]))("in %s", (name, kind) => {
    it(`every key is a session id of the only form that ${name} accepts`, async () => {
      const ids = idsOf(randomUUID);
      const story = await startSignedInOn(createApp, kind, { session: { genid: ids.genid } });
      await refreshAndSignOut(story, ids, UUID);
    });
  });

  /**
   * Refreshes twice, once in another process, and signs out in both.
   *
   * @returns every key that was written, except those of sessions
   */
  async function refreshAndSignOut(
    story: SignedInOnStore,
    ids: Ids,
    pattern: RegExp,
    discord?: DiscordOptions,
  ): Promise<string[]> {
    const { simulator, app, user, browser, opened, advance } = story;
    const other = await startApp(createApp, simulator, {
      session: { genid: ids.genid, store: opened.store },
      ...(discord && { discord }),
      routes: (to) =>
        to.get("/guarded", requiresAuthorization, (_req, res) => void res.json({ passed: true })),
    });
    const written = new Set(await opened.keys());
    const set = opened.store.set.bind(opened.store);
    opened.store.set = (key, ...rest) => {
      written.add(key);
      return set(key, ...rest);
    };
    expect((await browser.get("/me")).json()).toEqual({ id: user.id });

    for (const [refreshes, url] of [app.url, other.url].entries()) {
      advance(WEEK_MS);
      expect((await browser.get(`${url}/guarded`)).status).toBe(200);
      expect(refreshesAt(simulator)).toBe(refreshes + 1);
    }
    expect((await browser.post("/logout")).status).toBe(200);
    expect(failureOf(await browser.get("/guarded"))).toBe("401 not_signed_in");
    advance(30_000);
    expect(failureOf(await browser.get(`${other.url}/guarded`))).toBe("401 not_signed_in");

    const ours = [...written].filter((key) => !ids.issued.has(key));
    expect(ours.length).toBeGreaterThan(0);
    expect(ours.filter((key) => !pattern.test(key))).toEqual([]);
    return ours;
  }
});

function idsOf(first: () => string): Ids {
  let generate = first;
  const issued = new Set<string>();
  return {
    issued,
    genid() {
      const id = generate();
      issued.add(id);
      return id;
    },
    change(next) {
      generate = next;
    },
  };
}

function withCheckDigit(digits: string): string {
  return `${digits}/${[...digits].reduce((sum, digit) => sum + Number.parseInt(digit, 16), 0) % 10}`;
}

/** Like an app that gives a session a new id now and then. */
function mountRenewal(app: Application): void {
  app.get("/renew-session", (req: Request, res, next) => {
    const { cookie: _, ...data } = req.session;
    req.session.regenerate((error) => {
      if (error) return next(error);
      Object.assign(req.session, data);
      res.json({ renewed: true });
    });
  });
}
