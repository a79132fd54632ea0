import type { AddressInfo } from "node:net";
import express from "express";
import session, { MemoryStore } from "express-session";
import type { DiscordSettings, Mount } from "./contestants/contestant.js";
import type { Answer, Question } from "./server-process.js";

/** The app of one contestant, in a process of its own. */
const [contestant = "", discordUrl = "", clientId = "", clientSecret = ""] = process.argv.slice(2);

const app = express();
const store = new MemoryStore();
app.use(session({ secret: "of the bench", resave: false, saveUninitialized: false, store }));
app.get("/plain", (req, res) => {
  Object.assign(req.session, { visited: true });
  res.send("A session of the app's own.");
});

const server = app.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
server.keepAliveTimeout = 300_000;
const { port } = server.address() as AddressInfo;

const { mount }: { mount: Mount } = await import(`./contestants/${contestant}.js`);
const discord: DiscordSettings = {
  clientId,
  clientSecret,
  discordUrl,
  redirectUri: `http://127.0.0.1:${port}/callback`,
};
const mounted = mount(app, discord);

const answers: Record<Question, () => number> = {
  cpuMicros() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  heapBytes() {
    for (let turn = 0; turn < 3; turn++) gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  sessionCount: () => Object.keys(sessions()).length,
  forgetSessions() {
    store.clear();
    return 0;
  },
  forgetUsers() {
    mounted?.forgetUsers?.();
    return 0;
  },
};

function sessions(): object {
  return (store as unknown as { readonly sessions: object }).sessions;
}

process.on("message", (question: Question) => {
  const answer: Answer = { question, value: answers[question]() };
  process.send?.(answer);
});
process.on("disconnect", () => process.exit());
process.send?.({ question: "port", value: port } satisfies Answer);
