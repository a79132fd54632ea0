import { type Answer, refuse } from "../answer.js";
import { NOT_FOUND } from "../api-errors.js";
import type { Call } from "../call.js";
import type { Discord } from "../discord.js";
import { drawPicture } from "../pictures.js";
import type { Handle, Routes } from "../router.js";

const SIZES = [16, 32, 64, 128, 256, 512, 1024, 2048, 4096];
const USUAL_SIZE = 128;

const FOLDERS = [
  "/avatars/:id",
  "/icons/:id",
  "/banners/:id",
  "/splashes/:id",
  "/discovery-splashes/:id",
  "/app-icons/:id",
  "/team-icons/:id",
  "/role-icons/:id",
  "/guild-tag-badges/:id",
  "/guilds/:id/users/:user/avatars",
  "/guilds/:id/users/:user/banners",
  "/avatar-decoration-presets",
  "/emojis",
  "/embed/avatars",
];

/** Routes of Discord's CDN: images, and the files of messages. */
export function imageRoutes(discord: Discord): Routes {
  const draw: readonly (readonly [string, Handle])[] = FOLDERS.map((folder) => [
    `GET ${folder}/:file`,
    answerImage,
  ]);
  return {
    ...Object.fromEntries(draw),
    "GET /attachments/:id/:attachment/:filename": (call) => answerAttachment(discord, call),
  };
}

function answerImage({ apiPath, query }: Call): Answer {
  const [, name = "", extension] = /^(.*\/[\w-]{1,128})\.(png|jpe?g|webp|gif)$/.exec(apiPath) ?? [];
  if (extension === undefined) refuse(NOT_FOUND);
  const isStill = !/\/a_[\w-]+$/.test(name);
  if (extension === "gif" && isStill) return { status: 415, headers: {} };
  const size = Number(query["size"] ?? USUAL_SIZE);
  if (!SIZES.includes(size)) return { status: 400, headers: {} };
  const headers = { "Content-Type": "image/png", "Cache-Control": "public, max-age=31536000" };
  return { status: 200, headers, body: drawPicture(name, size) };
}

function answerAttachment({ mailbox }: Discord, { ids }: Call): Answer {
  const [channelId, fileId] = ids.map(({ value }) => value);
  const messages = mailbox.messages.filter((message) => message.channelId === channelId);
  const files = messages.flatMap((message) => message.files);
  const file = files.find(({ id }) => id === fileId) ?? refuse(NOT_FOUND);
  const headers = {
    "Content-Type": file.contentType,
    // An attached HTML page must not run as a page of the simulator.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
  };
  return { status: 200, headers, body: Buffer.from(file.bytes) };
}
