import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { checkedId } from "./snowflake.js";
import { isAbsoluteUrl } from "./web-url.js";

/** The fields of the simulated application. Each has a default. */
export interface ApplicationOptions {
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly botToken?: string;
  /** The registered redirect URIs; the first is the default. `addRedirectUri` adds more. Default: none. */
  readonly redirectUris?: readonly string[];
  readonly appName?: string;
}

/** The application of the simulated Discord. */
export class Application {
  readonly id: string;
  readonly secret: string;
  readonly botToken: string;
  readonly name: string;
  /** The Ed25519 public key: 64 hexadecimal characters. */
  readonly publicKey: string;
  readonly signingKey: KeyObject;
  /** The redirect URIs. The first is used for an authorization URL without one. */
  readonly redirectUris: string[];

  constructor(options: ApplicationOptions) {
    this.id = checkedId(options.clientId ?? "1100000000000000099");
    this.secret = options.clientSecret ?? "client-secret-of-the-simulator-0";
    this.botToken = options.botToken ?? "bot-token-of-the-simulator";
    this.name = options.appName ?? "Test app";
    this.redirectUris = [];
    for (const uri of options.redirectUris ?? []) this.addRedirectUri(uri);
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    this.signingKey = privateKey;
    this.publicKey = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url").toString("hex");
  }

  /** Registers a redirect URI. Authorization URLs must contain exactly this URI. */
  addRedirectUri(uri: string): void {
    if (!isAbsoluteUrl(uri))
      throw new TypeError(`"${uri}" is not a redirect URI: it must be an absolute URL.`);
    if (!this.redirectUris.includes(uri)) this.redirectUris.push(uri);
  }

  /** The application object, as far as everybody may see it. */
  get payload(): Record<string, unknown> {
    return {
      id: this.id,
      name: this.name,
      icon: null,
      description: "",
      type: null,
      bot_public: true,
      bot_require_code_grant: false,
      verify_key: this.publicKey,
      flags: 0,
      flags_new: "0",
    };
  }

  /** The user object of the application's bot, as it sees itself. */
  get ownBotUser(): Record<string, unknown> {
    return { ...this.botUser, mfa_enabled: false, locale: "en-US", verified: true, email: null };
  }

  /** The same as everybody else sees it. */
  get botUser(): Record<string, unknown> {
    return {
      id: this.id,
      username: this.name,
      discriminator: "0042",
      global_name: null,
      avatar: null,
      banner: null,
      accent_color: null,
      bot: true,
      flags: 0,
      public_flags: 0,
      avatar_decoration_data: null,
      collectibles: null,
      primary_guild: null,
    };
  }
}
