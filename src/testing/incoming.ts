import type { IncomingMessage } from "node:http";
import { decodePath } from "./decode-path.js";

const LARGEST_BODY = 25 * 1024 * 1024;

/** The API version of requests without a version. */
export const OLDEST_VERSION = 6;

const EMPTY = {};
const SCHEMES = ["Bearer", "Bot", "Basic"] as const;

/** The target of a request. */
export interface Target {
  /** Whether the path is below `/api`. */
  readonly isApi: boolean;
  /** The API version; 6 for requests without a version. */
  readonly version: number;
  /** The percent-decoded path, with `/api` and the version. */
  readonly path: string;
  /** The path without `/api` and the version. */
  readonly apiPath: string;
  /** Whether the path cannot be decoded. It is then kept as sent. */
  readonly isMalformed: boolean;
  /** The query, including the question mark. */
  readonly search: string;
  readonly query: Readonly<Record<string, string>>;
}

/** Parses the URL of a request. */
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

/** A parsed `Authorization` header. */
export interface Credentials {
  readonly scheme: "Bearer" | "Bot" | "Basic" | undefined;
  readonly token: string;
}

/** Parses an `Authorization` header. */
export function readCredentials(header: string | undefined): Credentials {
  const [scheme = "", ...rest] = header?.split(" ") ?? [];
  const supported = SCHEMES.find((candidate) => candidate === scheme);
  return { scheme: supported, token: rest.join(" ") };
}

/** Reads the whole body. @returns `undefined` if it is larger than Discord's limit */
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
