import { describe, expect, it } from "vitest";
import { approved, authorizeUrl, CALLBACK, callApi, exchange, queryOf } from "./api-client.js";
import { startForTest } from "./start-for-test.js";

const CANCELLED = "The resource owner or authorization server denied the request";
const BAD_SCOPE = "The requested scope is invalid, unknown, or malformed.";

describe("the consent page", () => {
  it("the consent page offers every user, and describes the scopes in words", async () => {
    const discord = await startForTest({ appName: "Dashboard" });
    discord.addUser({ username: "mira.k", global_name: "Mira" });
    discord.addUser({ username: "tom" });
    const page = await (await fetch(authorizeUrl(discord, { scope: "identify guilds" }))).text();
    expect(page).toContain("<title>Authorize Dashboard</title>");
    expect(page).toContain("Mira<small>mira.k</small>");
    expect(page).toContain("tom<small>tom</small>");
    expect(page).toContain("Know what servers you are in <code>guilds</code>");
  });

  it("the consent page offers for the bot every server that one of the users manages, with its icon, and says where the bot is already", async () => {
    const discord = await startForTest();
    const [mira, tom] = [discord.addUser({ username: "mira.k" }), discord.addUser({ username: "tom" })];
    const icon = "0123456789abcdef0123456789abcdef";
    const kitchen = discord.addGuild({ name: "Kitchen", icon, bot: false });
    const cellar = discord.addGuild({ name: "Cellar" });
    discord.addMember(kitchen, mira, { owner: true });
    discord.addMember(kitchen, tom, { owner: false });
    discord.addMember(cellar, mira, { owner: true });
    const page = await (await fetch(authorizeUrl(discord, { scope: "bot", guild_id: kitchen.id }))).text();
    const choices = [...page.matchAll(/<label class="user" data-for="([^"]*)">[\s\S]*?<\/label>/g)];
    expect(choices.map(([, managers]) => managers)).toEqual(["user-0", "user-0"]);
    const [first = "", second = ""] = choices.map(([choice]) => choice);
    expect(first).toContain(`value="${kitchen.id}" checked`);
    expect(first).toContain(`src="/icons/${kitchen.id}/${icon}.png?size=64"`);
    expect(first).not.toContain("already");
    expect(second).toContain('<span class="letter" aria-hidden="true">C</span>');
    expect(second).toContain("The bot is there already");
    expect(page).toContain('data-for="user-1">tom manages no server');
  });

  it("the consent page offers and selects the user who is signed in, however many there are", async () => {
    const discord = await startForTest();
    const users = Array.from({ length: 150 }, () => discord.addUser());
    const signIn = await fetch(`${discord.url}/sign-in`, {
      method: "POST",
      redirect: "manual",
      body: new URLSearchParams({ user_id: users.at(-1)!.id }),
    });
    const headers = { Cookie: signIn.headers.getSetCookie()[0]!.split(";")[0]! };
    const page = await (await fetch(authorizeUrl(discord), { headers })).text();
    expect(page).toMatch(new RegExp(`value="${users.at(-1)!.id}" required checked`));
    expect(page.match(/name="user_id"/g)).toHaveLength(101);
  });

  it("the consent page explains names that look like HTML", async () => {
    const discord = await startForTest();
    discord.addUser({ username: "x", global_name: "<i>Noor</i>" });
    discord.addUser({ username: "y", global_name: "Mira & Co." });
    const page = await (await fetch(authorizeUrl(discord))).text();
    expect(page).toContain("&lt;i&gt;Noor&lt;/i&gt;<small>x</small><small>This really is the name.");
    expect(page.split("This really is the name.")).toHaveLength(2);
  });

  it("the consent page escapes names", async () => {
    const discord = await startForTest({ appName: "<script>app</script>" });
    const user = discord.addUser({ username: "x", global_name: `"><img src=x onerror='1'>` });
    discord.addMember(discord.addGuild({ name: "<b>&" }), user, { owner: true });
    const page = await (await fetch(authorizeUrl(discord, { scope: "bot <i>", state: `"><u>` }))).text();
    expect(page).not.toMatch(/<script>|onerror='|<img src=x|<b>|<i>|<u>/);
    expect(page).toContain("&lt;b&gt;&amp;");
  });

  it("the consent page has a made-up user if none was added", async () => {
    const discord = await startForTest();
    const page = await (await fetch(authorizeUrl(discord))).text();
    const userId = /name="user_id" value="(\d+)" required checked/.exec(page)?.[1];
    const body = new URLSearchParams({ user_id: userId!, decision: "authorize" });
    const answer = await fetch(authorizeUrl(discord), { method: "POST", body, redirect: "manual" });
    expect(answer.status).toBe(302);
    expect(queryOf(answer.headers.get("location")!)["code"]).toMatch(/^\w{30}$/);
  });

  it("the consent page sends no referrer, is not stored, and runs no script", async () => {
    const discord = await startForTest();
    const { headers } = await fetch(authorizeUrl(discord));
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
  });

  it("an address below /api leads to the consent page", async () => {
    const discord = await startForTest();
    for (const base of ["/api", "/api/v10"]) {
      const { status, headers } = await callApi(discord, "GET /oauth2/authorize?client_id=1", { base });
      expect(status).toBe(302);
      expect(headers.get("location")).toBe(`${discord.url}/oauth2/authorize?client_id=1`);
    }
  });

  it("the consent page answers an authorize URL below /api too", async () => {
    const discord = await startForTest();
    const url = authorizeUrl(discord).replace("/oauth2", "/api/oauth2");
    expect(queryOf(await discord.approve(url, { user: discord.addUser() }))["state"]).toBe("s1");
  });
});

describe("redirects", () => {
  it("the redirect carries the code and the state", async () => {
    const discord = await startForTest();
    const url = await discord.approve(authorizeUrl(discord), { user: discord.addUser() });
    expect(url.startsWith(`${CALLBACK}?`)).toBe(true);
    expect(queryOf(url)).toEqual({ code: expect.stringMatching(/^\w{30}$/), state: "s1" });
  });

  it("the redirect keeps the query of the redirect URI", async () => {
    const redirect_uri = `${CALLBACK}?from=here`;
    const discord = await startForTest({ redirectUris: [redirect_uri] });
    const query = await approved(discord, discord.addUser(), { redirect_uri });
    expect(query["from"]).toBe("here");
  });

  it("the redirect has no state if none was sent", async () => {
    const discord = await startForTest();
    expect(await approved(discord, discord.addUser(), { state: undefined })).not.toHaveProperty("state");
  });

  it("the redirect after Cancel says access_denied", async () => {
    const discord = await startForTest();
    const url = await discord.cancel(authorizeUrl(discord), { user: discord.addUser() });
    expect(queryOf(url)).toEqual({
      error: "access_denied",
      error_description: CANCELLED,
      state: "s1",
    });
    expect(url).toContain("error_description=The+resource+owner");
  });

  it("the redirect names the issuer as the switches say", async () => {
    const discord = await startForTest({ behaviour: { issuer: "https://other.test" } });
    const user = discord.addUser();
    expect(await approved(discord, user)).not.toHaveProperty("iss");
    discord.behaviour.issOnError = true;
    expect(await approved(discord, user)).not.toHaveProperty("iss");
    expect(queryOf(await discord.cancel(authorizeUrl(discord), { user }))["iss"]).toBe("https://other.test");
    Object.assign(discord.behaviour, { issOnSuccess: true, issOnError: false });
    expect((await approved(discord, user))["iss"]).toBe("https://other.test");
    expect(queryOf(await discord.cancel(authorizeUrl(discord), { user }))).not.toHaveProperty("iss");
  });

  it("the redirect of an implicit grant has the token in the fragment, and no refresh token", async () => {
    const discord = await startForTest();
    const url = await discord.approve(authorizeUrl(discord, { response_type: "token" }), {
      user: discord.addUser(),
    });
    const fragment = Object.fromEntries(new URLSearchParams(new URL(url).hash.slice(1)));
    expect(new URL(url).search).toBe("");
    expect(fragment).toEqual({
      access_token: expect.any(String),
      token_type: "Bearer",
      expires_in: "604800",
      scope: "identify",
      state: "s1",
    });
    expect((await callApi(discord, "GET /users/@me", { bearer: fragment["access_token"]! })).status).toBe(
      200,
    );
  });

  it("the redirect of an implicit grant has its error in the fragment", async () => {
    const discord = await startForTest();
    const url = await discord.cancel(authorizeUrl(discord, { response_type: "token" }), {
      user: discord.addUser(),
    });
    expect(new URL(url).hash).toContain("#error=access_denied");
  });
});

describe("requests without a redirect", () => {
  it("a request of an unknown client is not redirected", async () => {
    const discord = await startForTest();
    const response = await fetch(authorizeUrl(discord, { client_id: "1" }), { redirect: "manual" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("Unknown Application");
  });

  it("a request with an unregistered redirect URI is not redirected, even if it differs by a slash", async () => {
    const discord = await startForTest({ redirectUris: [CALLBACK] });
    const user = discord.addUser();
    for (const redirect_uri of [`${CALLBACK}/`, `${CALLBACK}?x=1`, "http://evil.test/"]) {
      const approval = discord.approve(authorizeUrl(discord, { redirect_uri }), { user });
      await expect(approval).rejects.toThrow("Invalid OAuth2 redirect_uri");
    }
    expect((await approved(discord, user))["code"]).toBeDefined();
  });

  it("a redirect URI that is not http is refused, even if redirect URIs need not be registered", async () => {
    const discord = await startForTest({ behaviour: { strictRedirectUris: false } });
    const user = discord.addUser();
    for (const redirect_uri of ["myapp://callback", "http://[", "javascript:alert(1)"]) {
      await expect(discord.approve(authorizeUrl(discord, { redirect_uri }), { user })).rejects.toThrow(
        "redirect_uri",
      );
    }
  });

  it("a decision of an unknown user is not redirected", async () => {
    const discord = await startForTest();
    const stranger = (await startForTest()).addUser();
    await expect(discord.approve(authorizeUrl(discord), { user: stranger })).rejects.toThrow("user_id");
  });
});

describe("missing redirect URIs", () => {
  it("the first registered redirect URI is the default, and the exchange need not name any", async () => {
    const discord = await startForTest({ redirectUris: [CALLBACK, "http://second.test/"] });
    const url = await discord.approve(authorizeUrl(discord, { redirect_uri: undefined }), {
      user: discord.addUser(),
    });
    expect(url.startsWith(CALLBACK)).toBe(true);
    const { status } = await exchange(discord, queryOf(url)["code"]!, { redirect_uri: "http://any.test/" });
    expect(status).toBe(200);
  });

  it("an app without a redirect URI ends on a page of Discord, and so does Cancel", async () => {
    const discord = await startForTest({ redirectUris: [] });
    const user = discord.addUser();
    const url = authorizeUrl(discord, { redirect_uri: undefined });
    const decide = (decision: string) =>
      fetch(url, { method: "POST", body: new URLSearchParams({ user_id: user.id, decision }) });
    const approval = await decide("authorize");
    expect([approval.status, await approval.text()]).toEqual([200, expect.stringContaining("Authorized")]);
    const cancel = await decide("cancel");
    expect([cancel.status, await cancel.text()]).toEqual([400, expect.stringContaining("access_denied")]);
  });
});

describe("errors in the redirect", () => {
  it.each([
    [{ response_type: undefined }, "invalid_request", 'Missing "response_type" in request.'],
    [{ response_type: "id_token" }, "unsupported_response_type", "response_type=id_token is not supported"],
    [{ code_challenge_method: "S256" }, "invalid_request", 'Missing "code_challenge"'],
    [
      { code_challenge: "x", code_challenge_method: "plain" },
      "invalid_request",
      'Unsupported "code_challenge_method"',
    ],
    [{ code_challenge: "x" }, "invalid_request", 'Unsupported "code_challenge_method"'],
  ])("a request with %j is redirected with an error: %s", async (parameters, error, error_description) => {
    const discord = await startForTest();
    const url = authorizeUrl(discord, parameters);
    const location = (await fetch(url, { redirect: "manual" })).headers.get("location")!;
    expect(queryOf(location)).toEqual({ error, error_description, state: "s1" });
    const posted = await fetch(url, { method: "POST", redirect: "manual" });
    expect(posted.headers.get("location")).toBe(location);
  });

  it.each([
    ["an unknown scope", { scope: "identify identity" }],
    ["a scope for approved partners", { scope: "identify identify.premium" }],
    ["no scope at all", { scope: "" }],
    [
      "linked roles with PKCE",
      { scope: "role_connections.write", code_challenge: "x", code_challenge_method: "S256" },
    ],
    ["linked roles without a code", { scope: "role_connections.write", response_type: "token" }],
    ["a webhook without a code", { scope: "webhook.incoming", response_type: "token" }],
  ])("an error appears after the user has agreed: %s", async (_name, parameters) => {
    const discord = await startForTest();
    const url = new URL(
      await discord.approve(authorizeUrl(discord, parameters), { user: discord.addUser() }),
    );
    const told = new URLSearchParams(url.search || url.hash.slice(1));
    expect([told.get("error"), told.get("error_description")]).toEqual(["invalid_scope", BAD_SCOPE]);
  });

  it("a scope for approved partners is granted to an approved partner", async () => {
    const discord = await startForTest({ behaviour: { approvedScopes: ["identify.premium"] } });
    const query = await approved(discord, discord.addUser(), { scope: "identify identify.premium" });
    expect(query["code"]).toBeDefined();
  });
});

describe("prompt=none", () => {
  it("prompt=none skips the page once everything was granted", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    await approved(discord, user, { scope: "identify guilds" });
    discord.clearRequests();
    expect((await approved(discord, user, { scope: "guilds", prompt: "none" }))["code"]).toBeDefined();
    expect(discord.requests.map(({ method }) => method)).toEqual(["GET"]);
  });

  it("prompt=none shows the page if something is new", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    await approved(discord, user);
    discord.clearRequests();
    await approved(discord, user, { scope: "identify email", prompt: "none" });
    expect(discord.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });

  it("prompt=none shows the page to a browser that nobody has signed in with", async () => {
    const discord = await startForTest();
    await approved(discord, discord.addUser());
    const response = await fetch(authorizeUrl(discord, { prompt: "none" }), { redirect: "manual" });
    expect(response.status).toBe(200);
  });

  it("prompt=none skips the page in the browser that decided before", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const body = new URLSearchParams({ user_id: user.id, decision: "authorize" });
    const decided = await fetch(authorizeUrl(discord), { method: "POST", body, redirect: "manual" });
    const Cookie = decided.headers.getSetCookie()[0]!.split(";")[0]!;
    const again = await fetch(authorizeUrl(discord, { prompt: "none" }), {
      headers: { Cookie },
      redirect: "manual",
    });
    expect(again.status).toBe(302);
  });

  it("prompt=none asks for the bot's guild every time", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    const guild = discord.addGuild();
    discord.addMember(guild, user, { owner: true });
    const parameters = { scope: "bot", guild_id: guild.id, prompt: "none" };
    await approved(discord, user, parameters);
    discord.clearRequests();
    await approved(discord, user, parameters);
    expect(discord.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });

  it("a login without prompt=none shows the page every time", async () => {
    const discord = await startForTest();
    const user = discord.addUser();
    await approved(discord, user);
    discord.clearRequests();
    await approved(discord, user, { prompt: "consent" });
    expect(discord.requests.map(({ method }) => method)).toEqual(["GET", "POST"]);
  });
});

describe("partial grants", () => {
  it("a user can grant fewer scopes than requested", async () => {
    const discord = await startForTest();
    const url = authorizeUrl(discord, { scope: "identify email guilds" });
    const callback = await discord.approve(url, { user: discord.addUser(), scopes: ["guilds", "identify"] });
    expect((await exchange(discord, queryOf(callback)["code"]!)).body.scope).toBe("identify guilds");
  });
});
