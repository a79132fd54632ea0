import { isObject, readObject, readPayload, toObject } from "./access.js";
import { refuse } from "./answer.js";
import { EMPTY_MESSAGE, invalidField, tooLong } from "./api-errors.js";
import { parseJsonBody, type UploadedFile } from "./body.js";
import type { Call } from "./call.js";
import { textLength } from "./text-length.js";

const LONGEST_CONTENT = 2000;
const MOST_EMBEDS = 10;
const LONGEST_NONCE = 25;
const MOST_FILES = 10;

/** The message in a request. */
export interface MessageBody {
  readonly content: string;
  /** The whole body, or `payload_json` of a form. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly files: readonly UploadedFile[];
}

/** Reads a message from JSON or from a form. */
export function readMessage(call: Call): MessageBody {
  const files = call.body.kind === "multipart" ? call.body.files : [];
  const isForm = call.body.kind === "multipart" || call.body.kind === "form";
  const body = isForm ? readFields(call.body.fields) : readObject(call);
  requireAtMost("files", files.length, MOST_FILES);
  return { content: readContent(body, files), body, files };
}

/** With `payload_json`, Discord ignores every other field that is not a file. */
function readFields({ payload_json, ...fields }: Readonly<Record<string, string>>) {
  return payload_json === undefined ? fields : toObject(readPayload({ body: parseJsonBody(payload_json) }));
}

function readContent(body: MessageBody["body"], files: readonly UploadedFile[]): string {
  const { embeds, nonce } = body;
  const content = body["content"] ?? "";
  if (typeof content !== "string" || textLength(content) > LONGEST_CONTENT) {
    refuse(tooLong("content", LONGEST_CONTENT));
  }
  const embedCount = countEmbeds(embeds);
  requireAtMost("embeds", embedCount, MOST_EMBEDS);
  if (typeof nonce === "string") requireAtMost("nonce", textLength(nonce), LONGEST_NONCE);
  const hasMore = embedCount + files.length > 0 || body["components"] || body["sticker_ids"] || body["poll"];
  return content === "" && !hasMore ? refuse(EMPTY_MESSAGE) : content;
}

function countEmbeds(embeds: unknown): number {
  if (embeds === undefined || embeds === null) return 0;
  if (Array.isArray(embeds) && embeds.every(isObject)) return embeds.length;
  return refuse(invalidField("embeds", "LIST_TYPE_CONVERT", "Must be a list of embeds."));
}

function requireAtMost(field: string, count: number, most: number): void {
  if (count > most) refuse(tooLong(field, most));
}
