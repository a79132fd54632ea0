import type { IncomingMessage } from "node:http";
import { type Config, storeDeadlineMs } from "./config.js";
import { withDeadline } from "./deadline.js";
import type { GrantPlace } from "./grants/grant.js";
import { GrantPlaces } from "./grants/grant-places.js";
import { HookPlaces, type TokenHooks } from "./grants/hook-places.js";
import { learnUserId, sessionOf } from "./grants/session-data.js";
import { Tokens } from "./grants/tokens.js";
import type { GrantKeeper } from "./login/grant-keeper.js";
import { Logins } from "./login/logins.js";
import { OAuth } from "./oauth/oauth.js";
import { Admission } from "./rest/admission.js";
import { Rest } from "./rest/rest.js";
import { createSeal } from "./seal.js";
import { Bearers } from "./users/bearers.js";
import { BotCalls } from "./users/bot-calls.js";
import { UserCalls } from "./users/user-calls.js";
import { UserSession } from "./users/user-session.js";
import { Users } from "./users/users.js";

/** The parts of one configured instance, put together. */
export type Engine = ReturnType<typeof createEngine>;

/** @param hooks the app's own way of keeping tokens, when it has one */
export function createEngine(config: Config, hooks: TokenHooks | undefined) {
  const seal = createSeal(config.secrets, config.clientId);
  const admission = new Admission(config);
  const rest = new Rest(config, admission);
  const oauth = new OAuth(config, admission);
  const places = new GrantPlaces(config, seal);
  const keeper = hooks ? keeperOfHooks(hooks, storeDeadlineMs(config)) : keeperOfPlaces(places);
  const tokens = new Tokens(config, oauth);
  const bot = new BotCalls(config, rest);
  const calls = new UserCalls(tokens, rest);
  const users = new Users(config, rest);
  const logins = new Logins({ config, seal, oauth, tokens, users, keeper });
  const parts = { config, tokens, users, calls, bot };

  const sessionAt = (place: GrantPlace) => new UserSession(parts, place);
  const sessionOfVisitor = (req: IncomingMessage) =>
    new UserSession(parts, keeper.placeOf(req), (user) => learnUserId(sessionOf(req), user.id));

  /** All logins and refreshes are over, those that begin meanwhile too, and their tokens are stored. */
  async function settled(): Promise<void> {
    while (logins.busy + tokens.busy > 0) {
      await logins.idle();
      await tokens.idle();
    }
    await places.saveAgain();
  }

  return {
    ...parts,
    oauth,
    places,
    keeper,
    logins,
    bearers: new Bearers(config.clientId, rest, sessionAt),
    sessionAt,
    sessionOf: sessionOfVisitor,

    /** Loads in the background what the first login needs. */
    load() {
      void Promise.all([oauth.load(), rest.load()]).catch(() => undefined);
    },
    async close() {
      await withDeadline(3 * config.timeoutMs, settled()).catch(() => undefined);
      await Promise.all([oauth.close(), rest.close()]);
    },
  };
}

function keeperOfPlaces(places: GrantPlaces): GrantKeeper {
  return {
    placeOf: (req) => places.of(req),
    record: (req, grantId) => places.record(req, grantId),
    create: (req, token) => places.create(req, token),
    save: async (req, token) => places.point(req, token),
  };
}

function keeperOfHooks(hooks: TokenHooks, deadlineMs: number): GrantKeeper {
  const places = new HookPlaces(hooks, deadlineMs);
  return {
    placeOf: (req) => places.of(req),
    record: () => undefined,
    create: async () => undefined,
    save: (req, token) => places.begin(req, token),
  };
}
