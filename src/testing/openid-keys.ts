import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** The claims of an id token. */
export interface IdTokenClaims {
  readonly issuer: string;
  readonly clientId: string;
  readonly userId: string;
  readonly nonce: string | undefined;
  readonly accessToken: string;
  /** Epoch milliseconds. */
  readonly issuedAt: number;
  readonly lifetimeSeconds: number;
}

/** Signs id tokens. Creates the key on first use, because that takes a while. */
export class OpenIdKeys {
  #pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;

  /** The public key, as a JSON Web Key Set. */
  get keySet(): object {
    const { kty, n, e } = this.#keys().publicKey.export({ format: "jwk" });
    return { keys: [{ kty, use: "sig", kid: this.#keyId(), n, e, alg: "RS256" }] };
  }

  signIdToken(claims: IdTokenClaims): string {
    const issuedAt = Math.floor(claims.issuedAt / 1000);
    const hash = createHash("sha256").update(claims.accessToken).digest();
    const payload = {
      iss: claims.issuer,
      aud: [claims.clientId],
      sub: claims.userId,
      iat: issuedAt,
      exp: issuedAt + claims.lifetimeSeconds,
      auth_time: issuedAt,
      at_hash: hash.subarray(0, 16).toString("base64url"),
      ...(claims.nonce !== undefined && { nonce: claims.nonce }),
    };
    const signed = `${encode({ alg: "RS256", typ: "JWT", kid: this.#keyId() })}.${encode(payload)}`;
    return `${signed}.${sign("sha256", Buffer.from(signed), this.#keys().privateKey).toString("base64url")}`;
  }

  #keys(): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
    this.#pair ??= generateKeyPairSync("rsa", { modulusLength: 2048 });
    return this.#pair;
  }

  #keyId(): string {
    const der = this.#keys().publicKey.export({ format: "der", type: "spki" });
    return createHash("sha256").update(der).digest("hex").slice(0, 16);
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
