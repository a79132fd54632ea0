import type { Cluster, Process } from "./cluster.js";
import type { Story } from "./explorer.js";
import { type Outcome, Violation } from "./world.js";

/** The process that prepares runs. */
export const SETUP = "S";
/** A process without memory, which looks when everything is over. */
export const READER = "Z";

const SCOPES = ["identify"];

/** A visitor who is signed in. */
export interface Visitor {
  readonly grantId: string;
  readonly userId: string;
  readonly cookie: string;
}

/** Signs a visitor in, with a pair that has expired. */
export async function expiredVisitor(cluster: Cluster, name = "the grant"): Promise<Visitor> {
  const { simulator, world, epoch } = cluster;
  const user = simulator.addUser();
  const pair = simulator.issueToken(user, SCOPES);
  world.addPair(SETUP, pair.access_token, pair.refresh_token);
  const grantId = `grant of ${user.id}`;
  world.records.name(user.id, `the user of ${name}`);
  world.records.nameGrant(grantId, name);
  const token = {
    id: grantId,
    accessToken: pair.access_token,
    refreshToken: pair.refresh_token,
    scopes: SCOPES,
    issuedAt: epoch - 1_000_000,
    expiresAt: epoch - 100_000,
    userId: user.id,
  };
  const cookie = await cluster.unheld(SETUP, ({ discord, handle }) =>
    handle({ url: "/", cookie: "" }, (req) => discord.saveAuthorizationToken(req, token)),
  );
  return { grantId, userId: user.id, cookie };
}

/** Fetches the granted scopes, which refreshes an expired pair. */
export async function ask({ discord, handle }: Process, former: string): Promise<Outcome> {
  let what = "in";
  const cookie = await handle({ url: "/", cookie: former }, async (req) => {
    await discord.grantedScopes(req).catch((error: unknown) => {
      what = codeOf(error);
    });
  });
  return { what, cookie };
}

/** Signs out. */
export async function signOut(
  { discord, handle }: Process,
  former: string,
  everywhere: boolean,
): Promise<Outcome> {
  let what = "out";
  const cookie = await handle({ url: "/", cookie: former }, async (req) => {
    await discord.revoke(req, { everywhere }).catch((error: unknown) => {
      what = codeOf(error);
    });
  });
  return { what, cookie };
}

/** What a process without memory finds in the end: Discord's user, or the code of the error. */
export function finallySeen(cluster: Cluster, cookie: string): Promise<string> {
  return cluster.unheld(READER, async ({ discord, handle }) => {
    let seen = "";
    await handle({ url: "/", cookie }, async (req) => {
      seen = await discord
        .fetchUser(req)
        .then(
          ({ id }) => (id === discord.userId(req) ? id : `${id} in the session of ${discord.userId(req)}`),
          codeOf,
        );
    });
    return seen;
  });
}

/** Whether somebody was told that nobody is signed in. */
export function isEnded(what: string | undefined): boolean {
  return what === "grant_ended" || what === "not_signed_in";
}

/** Checks that nobody was told that the sign-in has ended, unless the process could not know better. */
export function checkNobodySignedOut({ world, turns }: Cluster): void {
  if (turns.mayBeLost || turns.mayBeToldEnded) return;
  for (const [process, { what }] of world.outcomes) {
    const isExpected = what === "in" || (turns.mayBeSlow && !isEnded(what));
    if (!isExpected) throw new Violation(`${process} was told ${what}.`);
  }
}

/** Checks that the store holds the newest pair and that every process considers the visitor signed in. */
export async function checkSignedIn(cluster: Cluster, { grantId, userId, cookie }: Visitor): Promise<void> {
  const { world, turns } = cluster;
  if (turns.mayBeLost) return;
  checkNobodySignedOut(cluster);
  const newest = world.pairs.at(-1);
  const stored = world.records.accessTokenOf(grantId);
  if (stored !== newest?.accessToken)
    throw new Violation(
      `The store holds ${stored ? world.records.nameOf(stored) : "no pair"}, not ${newest?.name}.`,
    );
  const seen = await finallySeen(cluster, cookie);
  if (seen !== userId) throw new Violation(`A later reader finds ${seen}.`);
}

/** Checks that every process considers the visitor signed out. */
export async function checkSignedOut(cluster: Cluster, cookie: string): Promise<void> {
  const seen = await finallySeen(cluster, cookie);
  if (!isEnded(seen)) throw new Violation(`A later reader finds ${seen}.`);
}

/** Checks that Discord accepts none of the tokens that it issued in this run. */
export async function checkRevoked({ simulator, world }: Cluster): Promise<void> {
  for (const { name, accessToken } of world.pairs) {
    const { status } = await fetch(`${simulator.url}/api/v10/oauth2/@me`, {
      headers: { Authorization: `Bearer ${accessToken}` },
    });
    if (status !== 401) throw new Violation(`Discord still accepts ${name}.`);
  }
}

/** Checks also that each code and refresh token was sent once, unless there was a mishap. */
export function sentOnce(story: Story): Story {
  return {
    ...story,
    async begin(cluster) {
      const { scripts, check } = await story.begin(cluster);
      return {
        scripts,
        async check() {
          const sent = cluster.world.sent.filter(({ kind }) => kind !== "revoke").map(({ what }) => what);
          const repeated = sent.find((what, index) => sent.indexOf(what) !== index);
          if (repeated && !cluster.turns.hadMishap) throw new Violation(`${repeated} was sent twice.`);
          await check();
        },
      };
    },
  };
}

/** Returns the code of an error, or its text. */
export function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? error);
}
