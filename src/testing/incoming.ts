import type { IncomingMessage } from "node:http";
import { decodePath } from "./decode-path.js";

const LARGEST_BODY = 25 * 1024 * 1024;

/** Of the API: what requests that name no version are handled as. */
export const OLDEST_VERSION = 6;

const EMPTY = {};
const SCHEMES = ["Bearer", "Bot", "Basic"] as const;

/** Where a request goes. */
export interface Target {
  /** Below `/api`, or beside it. */
  readonly isApi: boolean;
  /** Of the API; requests that name none are handled as version 6. */
  readonly version: number;
  /** Percent-decoded, with `/api` and the version. */
  readonly path: string;
  /** The same without `/api` and the version. */
  readonly apiPath: string;
  /** Whether the path cannot be decoded; it is kept as sent then. */
  readonly isMalformed: boolean;
  /** With its question mark. */
  readonly search: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Reads the request line. */
export function parseTarget(url: string): Target {
  const mark = url.indexOf("?");
  const sentPath = mark === -1 ? url : url.slice(0, mark);
  const decoded = decodePath(sentPath);
  const path = decoded ?? sentPath;
  const search = mark === -1 ? "" : url.slice(mark);
  const [prefix, version] = /^\/api(?:\/v(\d+))?(?=\/)/.exec(path) ?? [];
  return {
    isApi: prefix !== undefined,
    version: version === undefined ? OLDEST_VERSION : Number(version),
    path,
    apiPath: path.slice(prefix?.length ?? 0),
    isMalformed: decoded === undefined,
    search,
    query: search === "" ? EMPTY : toRecord(search),
  };
}

/** What an `Authorization` header says. */
export interface Credentials {
  readonly scheme: "Bearer" | "Bot" | "Basic" | undefined;
  readonly token: string;
}

/** Reads an `Authorization` header. */
export function readCredentials(header: string | undefined): Credentials {
  const [scheme = "", ...rest] = header?.split(" ") ?? [];
  const known = SCHEMES.find((candidate) => candidate === scheme);
  return { scheme: known, token: rest.join(" ") };
}

/** The whole body; undefined: larger than Discord takes. */
export function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LARGEST_BODY) chunks.push(chunk);
    });
    request.once("end", () => resolve(size <= LARGEST_BODY ? Buffer.concat(chunks) : undefined));
    request.once("error", reject);
  });
}

function toRecord(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}
