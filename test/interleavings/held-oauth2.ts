import { AuthorizationCode as RealAuthorizationCode } from "simple-oauth2";
import { current } from "./hooks.js";

export { ClientCredentials } from "simple-oauth2";

/** A client like simple-oauth2's that holds each request before it is sent and before its response arrives. */
export class AuthorizationCode extends RealAuthorizationCode {
  override getToken(...call: Parameters<RealAuthorizationCode["getToken"]>) {
    const { code } = call[0];
    return current().tokenCall({ kind: "exchange", sent: code }, () => super.getToken(...call));
  }

  override createToken(...values: Parameters<RealAuthorizationCode["createToken"]>) {
    const token = super.createToken(...values);
    const { refresh, revoke } = token;
    token.refresh = (...call) =>
      current().tokenCall({ kind: "refresh", sent: String(token.token["refresh_token"]) }, () =>
        refresh.apply(token, call),
      );
    token.revoke = (...call) =>
      current().tokenCall({ kind: "revoke", sent: String(token.token[call[0]]) }, () =>
        revoke.apply(token, call),
      );
    return token;
  }
}
