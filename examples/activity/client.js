import { DiscordSDK } from "@discord/embedded-app-sdk";

const root = document.querySelector("#activity");
const heading = root.querySelector("h1");
const text = root.querySelector("p");
const button = root.querySelector("button");

function show(title, detail, action, onClick) {
  heading.textContent = title;
  text.textContent = detail;
  button.textContent = action;
  button.hidden = false;
  button.onclick = onClick;
}

/** Outside Discord there is no `frame_id`, and the SDK throws. */
function connect() {
  try {
    return new DiscordSDK(root.dataset.clientId);
  } catch {
    show("This is an Activity", "It runs inside Discord. Open it there.", "Try again", () =>
      location.reload(),
    );
    return undefined;
  }
}

async function signIn(sdk) {
  const { code } = await sdk.commands.authorize({
    client_id: root.dataset.clientId,
    response_type: "code",
    prompt: "none",
    scope: ["identify"],
  });
  const answer = await fetch("/api/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const { access_token } = await answer.json();
  await sdk.commands.authenticate({ access_token });
}

async function start(sdk) {
  button.hidden = true;
  try {
    await sdk.ready();
    await signIn(sdk);
    const me = await fetch("/api/me");
    if (!me.ok) throw new Error("The session cookie did not arrive.");
    const { name } = await me.json();
    show(
      `Hello, ${name}`,
      "You are signed in, and your session is in a partitioned cookie.",
      "Sign out",
      signOut,
    );
  } catch (error) {
    show("You are not signed in", error.message, "Try again", () => start(sdk));
  }

  async function signOut() {
    try {
      const answer = await fetch("/api/logout", { method: "POST" });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      show("You are signed out", "See you soon.", "Sign in again", () => start(sdk));
    } catch (error) {
      show("You are still signed in", error.message, "Sign out", signOut);
    }
  }
}

const sdk = connect();
if (sdk) await start(sdk);
