import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts and authenticates text (AES-256-GCM), bound to a purpose and a context. */
export type Seal = ReturnType<typeof createSeal>;

/** @param secrets newest first: the first one encrypts, all of them decrypt */
export function createSeal(secrets: readonly string[], clientId: string) {
  const keysOf = (purpose: string) =>
    secrets.map((secret) =>
      Buffer.from(hkdfSync("sha256", secret, "", `express-discord ${purpose} ${clientId}`, 32)),
    );
  /** Each purpose has its own keys, so a text cannot be used for another purpose. */
  const keys = {
    flow: keysOf("flow"),
    grant: keysOf("grant"),
    lease: keysOf("lease"),
    ended: keysOf("ended"),
  };
  type Purpose = keyof typeof keys;

  return {
    /** @returns base64url */
    seal(purpose: Purpose, context: string, text: string): string {
      const [newest] = keys[purpose];
      if (!newest) throw new TypeError("createSeal needs at least one secret.");
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", newest, iv).setAAD(Buffer.from(context));
      const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), encrypted]).toString("base64url");
    },

    /** @returns the text; `undefined` if it was changed, or sealed with another secret, purpose or context */
    open(purpose: Purpose, context: string, sealed: string): string | undefined {
      const bytes = Buffer.from(sealed, "base64url");
      if (bytes.length < IV_BYTES + TAG_BYTES) return undefined;
      for (const key of keys[purpose]) {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES))
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
        try {
          return (
            decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, "utf8") + decipher.final("utf8")
          );
        } catch {
          // Not sealed with this key. Try the next, older secret.
        }
      }
      return undefined;
    },
  };
}
