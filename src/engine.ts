import type { IncomingMessage, ServerResponse } from "node:http";
import { type HeldToken, savedToken } from "./app-token.js";
import type { Config } from "./config.js";
import { withDeadline } from "./deadline.js";
import { Grants } from "./grants/grants.js";
import { heldToken, type OnTokenChange } from "./grants/held-token.js";
import type { OwnTokenMethods } from "./grants/own-token-storage.js";
import { learnUserId, sessionLifetimeMs, sessionOf as visitorSessionOf } from "./grants/session-data.js";
import { type Token, withoutGaps } from "./grants/token.js";
import type { TokenStorage } from "./grants/token-storage.js";
import { TokenStorages } from "./grants/token-storages.js";
import { Logins } from "./login/logins.js";
import { responseTo } from "./login/manners.js";
import { OAuth } from "./oauth/oauth.js";
import { Admission } from "./rest/admission.js";
import { Rest } from "./rest/rest.js";
import { createSeal } from "./seal.js";
import { createBearerCheck } from "./users/bearers.js";
import { createBotCalls } from "./users/bot-calls.js";
import { createBotGuilds } from "./users/bot-guilds.js";
import { createBotMembers } from "./users/bot-members.js";
import { createJoinGuild } from "./users/guild-join.js";
import { createUserCalls } from "./users/user-calls.js";
import { UserSession } from "./users/user-session.js";
import { createUsers } from "./users/users.js";

/** The parts of one configured instance. */
export type Engine = ReturnType<typeof createEngine>;

/** @param own the app's own token methods, if it overrides them */
export function createEngine(config: Config, own: OwnTokenMethods | undefined) {
  const seal = createSeal(config.secrets, config.clientId);
  const admission = new Admission(config);
  const rest = new Rest(config, admission);
  const oauth = new OAuth(config, admission);
  const storages = new TokenStorages(config, seal, own);
  const grants: Grants = new Grants(config, oauth, (token) => calls.isAccepted(token));
  const bot = createBotCalls(config, rest);
  const botGuilds = createBotGuilds(config, bot);
  const calls = createUserCalls(grants, rest);
  const users = createUsers(config, rest);
  const logins = new Logins({
    config,
    seal,
    oauth,
    grants,
    users,
    storages,
    onBotJoined: () => botGuilds.forget(),
  });
  const botMembers = createBotMembers(config, bot, botGuilds);
  const joinGuild = createJoinGuild(bot);
  const parts = { config, grants, users, calls, botGuilds, botMembers, joinGuild };

  const followed = new WeakSet<ServerResponse>();

  /** Returns the token storage of a request. If the app then lengthens the session, the record is extended too. */
  function storageOf(req: IncomingMessage): TokenStorage {
    const storage = storages.of(req);
    const res = responseTo(req);
    if (!storage.record || !res || followed.has(res)) return storage;
    followed.add(res);
    const { lifetimeMs = 0 } = storage.record;
    res.once("close", () => {
      if ((sessionLifetimeMs(req) ?? 0) > lifetimeMs) grants.extendIfLonger(storages.of(req));
    });
    return storage;
  }

  const sessionAt = (storage: TokenStorage) => new UserSession(parts, storage);
  const sessionOf = (req: IncomingMessage) =>
    new UserSession(parts, storageOf(req), (grantId, userId) =>
      learnUserId(visitorSessionOf(req), config.clientId, grantId, userId),
    );

  /** Waits until no login or refresh is in flight, including new ones, then stores unsaved tokens. */
  async function settled(): Promise<void> {
    while (logins.inFlight.length + grants.busy > 0) {
      await Promise.all(logins.inFlight);
      await grants.idle();
    }
    await grants.writer.saveAllAgain();
  }

  // In the background, so that the first login need not load them.
  void Promise.all([oauth.load(), rest.load()]).catch(() => undefined);

  return {
    ...parts,
    bot,
    storageOf,
    storages,
    logins,
    sessionOfBearer: createBearerCheck(config.clientId, rest, sessionAt),
    sessionOf,

    /** Returns the session of a token that the app stores itself. */
    sessionOfHeld(held: HeldToken, onChange: OnTokenChange | undefined): UserSession {
      const token = withoutGaps(held);
      const id = grants.memory.idOf(token);
      return sessionAt(heldToken({ ...token, id: token.id ?? id }, id, onChange));
    },

    /** Stores the token of a request's session; `undefined` signs out. @throws HttpException store_failed */
    async saveToken(req: IncomingMessage, token: Token | undefined): Promise<void> {
      if (token) {
        const whole = withoutGaps(savedToken(token));
        return grants.storeFirst(storages.pointTo(req, whole), whole);
      }
      const storage = storages.standard(req);
      if (storage.id !== undefined) await grants.end(storage, storage.id);
    },

    /** Requests a token for the owner of the application. */
    async clientCredentials(scopes: readonly string[]): Promise<Token> {
      const { guild: _, webhook: __, ...answer } = await oauth.clientCredentials(scopes);
      return { ...answer, id: grants.memory.idOf(answer) };
    },

    async close() {
      await withDeadline(3 * config.timeoutMs, settled()).catch(() => undefined);
      await Promise.all([oauth.close(), rest.close()]);
    },
  };
}
