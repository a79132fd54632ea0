import type { Answer } from "./answer.js";
import type { Application } from "./application.js";
import { html, script } from "./html.js";
import type { ActivityFrame } from "./open-activity.js";
import { page } from "./page.js";
import { randomText } from "./random-text.js";

const STYLE = `
body { justify-content: flex-start; min-height: 100dvh; padding: .75rem; gap: .75rem; }
main { max-width: none; flex: 1; display: flex; flex-direction: column; padding: .75rem; }
h1 { margin: 0; font-size: 1rem; }
.status { margin: 0 0 .5rem; font-size: .875rem; color: var(--quiet); text-align: center; overflow-wrap: anywhere; }
.activity { flex: 1; width: 100%; min-height: 20rem; border: 1px solid var(--line); border-radius: .625rem; background: #fff; }
dialog {
  width: min(32rem, calc(100vw - 1rem)); height: min(44rem, calc(100dvh - 1rem)); max-width: none; max-height: none;
  padding: 0; border: 0; border-radius: 1rem; background: var(--page); overflow: hidden;
}
dialog::backdrop { background: rgb(0 0 0 / .6); }
dialog iframe { width: 100%; height: 100%; border: 0; display: block; }
`;

/**
 * A sandboxed frame that sends the answers. The SDK accepts messages only from Discord's own origins and from
 * opaque origins, such as that of a sandboxed frame.
 */
const RELAY = `
onmessage = ({ data: [message, origin], source }) => {
  if (source === parent) parent.frames[0].postMessage(message, origin);
};
`;

/** Passes the SDK's messages to the simulator and shows the consent page if the simulator asks for it. */
const CLIENT = `
// Otherwise the SDK would send its messages to the window that opened this one.
opener = null;
const [activity, relay, consent] = document.querySelectorAll("iframe");
const dialog = document.querySelector("dialog");
const status = document.querySelector("[role=status]");
const { origin } = new URL(activity.dataset.src);
let lastQuestion = Promise.resolve();

addEventListener("message", ({ data, origin: from, source }) => {
  if (source === activity.contentWindow && from === origin) answer(data).catch(showFailure);
});

async function answer(message, consented) {
  const response = await fetch(location.pathname + "/messages", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ message, consented }),
  });
  const reply = await response.json();
  if (reply.status) status.textContent = reply.status;
  if (reply.message) relay.contentWindow.postMessage([reply.message, origin], "*");
  if (reply.consent) {
    lastQuestion = lastQuestion
      .then(() => ask(reply.consent))
      .then((query) => answer(message, query))
      .catch(showFailure);
  }
}

function showFailure({ message }) {
  status.textContent = "The simulator did not answer a command: " + message;
}

/** Resolves with the query that the consent page ends with; when somebody closes it, with an empty one. */
function ask(url) {
  return new Promise((resolve) => {
    function finish(query) {
      consent.onload = dialog.onclose = null;
      dialog.close();
      consent.src = "about:blank";
      resolve(query);
    }
    consent.onload = () => {
      const { pathname, search } = consent.contentWindow.location;
      // Key presses in the frame do not reach the dialog.
      consent.contentWindow.onkeydown = ({ key }) => key === "Escape" && dialog.close();
      if (pathname === location.pathname + "/authorized") finish(search);
      else if (!dialog.open) dialog.showModal();
    };
    dialog.onclose = () => finish("");
    consent.src = url;
  });
}

relay.onload = () => {
  relay.onload = null;
  activity.src = activity.dataset.src;
};
relay.srcdoc = relay.dataset.srcdoc;
`;

/** Creates the page that simulates Discord's client around an Activity. */
export function activityPage({ name }: Application, { frameUrl }: ActivityFrame): Answer {
  const nonce = randomText();
  const relay = script(RELAY, nonce);
  const content = html`
<h1>${name}</h1>
<p class="status" role="status">Waiting for the Activity to use the Embedded App SDK.</p>
<iframe class="activity" title="Activity" referrerpolicy="origin" data-src="${frameUrl}"></iframe>
<iframe hidden title="Relay" sandbox="allow-scripts" data-srcdoc="${relay.text}"></iframe>
<dialog aria-label="Consent"><iframe title="Consent page"></iframe></dialog>
${script(CLIENT, nonce)}`;
  return page(200, `${name}, an Activity`, content, {
    policy: {
      "script-src": `'nonce-${nonce}'`,
      "connect-src": "'self'",
      "frame-src": `'self' ${new URL(frameUrl).origin}`,
    },
    style: STYLE,
  });
}
