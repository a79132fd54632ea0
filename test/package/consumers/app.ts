import express, { type ErrorRequestHandler } from "express";
import {
  type ApiRequest,
  DiscordOAuth2Session,
  type DiscordOptions,
  discordRouter,
  type Guild,
  HttpException,
  type LoginResult,
  Permissions,
  redirectUnauthorized,
  requiresAuthorization,
  requiresGuild,
  requiresScopes,
  type SignedOut,
  type SignIn,
  type Token,
  Unauthorized,
  type User,
  userLocals,
  webhookEvents,
} from "express-discord";
import { type DiscordSimulator, startDiscord } from "express-discord/testing";
import session from "express-session";

const app = express();
app.use(session({ secret: "a secret of the session cookie", resave: false, saveUninitialized: false }));
const options: DiscordOptions = { scopes: ["identify", "guilds"] };
const discord = new DiscordOAuth2Session(app, options);

app.use(
  "/auth",
  discordRouter({ afterLogin: "/me", onLogin: async (req, login) => void (await greet(req.ip, login)) }),
);
app.post("/events", webhookEvents({ publicKey: "0".repeat(64), onEvent: ({ type }) => console.log(type) }));

app.get(
  "/login",
  (req, res) => void discord.createSession(req, res, { data: { from: req.path }, returnTo: "/me" }),
);
app.get("/callback", async (req, res) => {
  const login: LoginResult = await discord.callback(req, res);
  if (!login.replayed) console.log(login.guild?.name, login.webhook?.url);
  res.redirect(login.returnTo ?? "/");
});
app.get("/me", requiresAuthorization, async (req, res) => {
  const user: User = await discord.fetchUser(req);
  const token: Token | undefined = await discord.getAuthorizationToken(req);
  res.json({ id: user.id, avatar: user.avatarUrlWith({ size: 64 }), expiresAt: token?.expiresAt });
});

// The types of route parameters are kept behind every guard.
app.get(
  "/guilds/:guildId/members/:memberId",
  requiresAuthorization,
  requiresAuthorization.with({ maxAgeMs: 60_000 }),
  requiresScopes("guilds"),
  requiresGuild((req) => req.params["guildId"], { permissions: ["MANAGE_GUILD"] }),
  requiresGuild("1100000000000000001"),
  userLocals(),
  async (req, res) => {
    const guildId: string = req.params.guildId;
    const memberId: string = req.params.memberId;
    // @ts-expect-error: the path has no such parameter
    console.log(req.params.channelId);
    const guilds: Guild[] = await discord.fetchGuilds(req);
    const request: ApiRequest = { method: "POST", json: { memberId }, reason: "for a reason" };
    const answer = await discord.botRequest<{ id: string }>(`/guilds/${guildId}/bans`, request);
    res.json({ id: answer.id, can: guilds.some((guild) => guild.can(Permissions.text)) });
  },
);

app.get("/session", (req, res) => {
  const signIn: SignIn | SignedOut | undefined = req.session.discord?.[discord.clientId];
  // @ts-expect-error: it is typed
  const wrong: number = req.session.discord;
  res.json({ signIn, wrong });
});

const answerError: ErrorRequestHandler = (error: unknown, _req, res, next) => {
  if (error instanceof Unauthorized) res.redirect("/login");
  else if (error instanceof HttpException) res.status(error.status).json({ code: error.code });
  else next(error);
};
app.use(redirectUnauthorized("/auth/login"), answerError);

// Their types can be written into declarations, also by pnpm, which hides the packages that @types/express depends on.
export const router = discordRouter();
export const locals = userLocals();
export const events = webhookEvents({ publicKey: "0".repeat(64) });
export const unauthorized = redirectUnauthorized("/auth/login");
export const guards = [requiresAuthorization, requiresScopes("guilds"), requiresGuild("1100000000000000001")];

async function greet(from: string | undefined, login: LoginResult): Promise<void> {
  const user = discord.sessionFromToken({ accessToken: "a", scopes: ["identify"], expiresAt: 0 });
  console.log(from, login.scopes.length, (await user.fetchUser()).displayName);
}

export async function simulate(): Promise<string> {
  const simulator: DiscordSimulator = await startDiscord();
  const user = simulator.addUser({ username: "mira.k" });
  const browser = simulator.browser("http://localhost:3000");
  const { status } = await browser.signIn("/login", { user });
  await simulator.close();
  return `${status}`;
}
