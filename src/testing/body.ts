import { parseJson } from "./json-text.js";

/** A file of a multipart request. */
export interface UploadedFile {
  /** The name of the form field, such as `files[0]`. */
  readonly field: string;
  readonly filename: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** A parsed body. */
export type Body =
  | { readonly kind: "none" }
  | { readonly kind: "form"; readonly fields: Readonly<Record<string, string>> }
  | {
      readonly kind: "multipart";
      readonly fields: Readonly<Record<string, string>>;
      readonly files: readonly UploadedFile[];
    }
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "invalid-json" }
  | { readonly kind: "unsupported" };

/** Parses a body by its media type. */
export async function parseBody(contentType: string | undefined, bytes: Buffer): Promise<Body> {
  if (bytes.length === 0) return { kind: "none" };
  const mediaType = contentType?.split(";")[0]?.trim().toLowerCase();
  switch (mediaType) {
    case "application/x-www-form-urlencoded":
      return { kind: "form", fields: Object.fromEntries(new URLSearchParams(bytes.toString())) };
    case "multipart/form-data":
      return parseMultipart(contentType ?? "", bytes);
    case "application/json":
      return parseJsonBody(bytes.toString());
    default:
      return { kind: "unsupported" };
  }
}

/** Parses a JSON body. */
export function parseJsonBody(text: string): Body {
  try {
    return { kind: "json", value: parseJson(text) };
  } catch {
    return { kind: "invalid-json" };
  }
}

async function parseMultipart(contentType: string, bytes: Buffer): Promise<Body> {
  const headers = { "Content-Type": contentType };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData().catch(() => undefined);
  if (form === undefined) return { kind: "unsupported" };
  const fields: Record<string, string> = {};
  const files: UploadedFile[] = [];
  for (const [field, value] of form) {
    if (typeof value === "string") fields[field] = value;
    else files.push(await readFile(field, value));
  }
  return { kind: "multipart", fields, files };
}

async function readFile(field: string, file: File): Promise<UploadedFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { field, filename: file.name, contentType: file.type || "application/octet-stream", bytes };
}
