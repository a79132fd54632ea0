import { randomUUID } from "node:crypto";
import { inspect } from "node:util";
import type { Application } from "express";
import { describe, expect, it } from "vitest";
import { type CodeLogin, Forbidden } from "../../src/index.js";
import { forward, LATEST_EXPRESS, startApp, startSimulator, type TestAppOptions } from "../support/app.js";
import { advanceBoth } from "../support/clock.js";
import { createGate } from "../support/gate.js";
import { exchangesAt, lastError, signedInAs } from "../support/login.js";
import { observe, RECORD, SESSION, SharedStore } from "../support/memory-store.js";
import { mobileCode } from "../support/mobile-code.js";
import { arrivals, codeRoute, postCode } from "../support/posted-codes.js";
import { failureOf } from "../support/signed-in.js";

async function startCodes(createApp: () => Application, options: TestAppOptions = {}) {
  const simulator = await startSimulator();
  const app = await startApp(createApp, simulator, {
    ...options,
    routes(to, discord) {
      codeRoute(to, discord);
      options.routes?.(to, discord);
    },
  });
  const user = simulator.addUser();
  return { simulator, app, user, browser: app.browser() };
}

describe.each(LATEST_EXPRESS)("signInWithCode on %s", (_name, createApp) => {
  it("signInWithCode signs in a visitor of an Activity, and gives the token that the SDK needs", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    const code = simulator.authorizeInActivity(user, ["identify", "guilds"]);

    const answer = await postCode(browser, { code });

    const login = answer.json<CodeLogin>();
    expect(login).toMatchObject({ replayed: false, userId: user.id, scopes: ["identify", "guilds"] });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const seen = await fetch(`${simulator.url}/api/v10/users/@me`, {
      headers: { Authorization: `Bearer ${login.accessToken}` },
    });
    expect(await seen.json()).toMatchObject({ id: user.id });
    expect(await signedInAs(browser)).toBe(user.id);
    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    expect(exchange?.form).toEqual({ grant_type: "authorization_code", code });
  });

  it("signInWithCode signs in a mobile app with its verifier and its redirect URI", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    const mobile = await mobileCode(simulator, user);

    const answer = await postCode(browser, mobile);

    expect(answer.json()).toMatchObject({ replayed: false, userId: user.id });
    expect(await signedInAs(browser)).toBe(user.id);
    const [exchange] = simulator.requestsTo("POST /oauth2/token");
    expect(exchange?.form).toMatchObject({
      code_verifier: mobile.codeVerifier,
      redirect_uri: mobile.redirectUri,
    });
  });

  it("signInWithCode gives the session a new id, and ends the previous sign-in", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    await browser.signIn("/login", { user: simulator.addUser() });
    const former = browser.clone();

    await postCode(browser, { code: simulator.authorizeInActivity(user) });

    expect(await signedInAs(browser)).toBe(user.id);
    expect(await signedInAs(former)).toBeUndefined();
    expect(browser.cookies.get("connect.sid")).not.toBe(former.cookies.get("connect.sid"));
  });

  it("the result of signInWithCode hides the access token when printed", async () => {
    let login: CodeLogin | undefined;
    const { simulator, user, browser } = await startCodes(createApp, {
      routes: (to, discord) =>
        to.post(
          "/kept",
          forward(async (req, res) => {
            login = await discord.signInWithCode(req, { code: String(req.headers["x-code"]) });
            res.end();
          }),
        ),
    });

    await browser.post("/kept", { json: {}, headers: { "X-Code": simulator.authorizeInActivity(user) } });

    const token = login?.accessToken ?? "";
    expect(token).toMatch(/^\w{20,}$/);
    expect(JSON.stringify(login) + inspect(login)).not.toContain(token);
  });

  it.each([
    ["a refused code", { code: "made-up" }, "400 code_rejected"],
    ["no code", {}, "400 code_malformed"],
    ["an invalid code", { code: "a b" }, "400 code_malformed"],
    ["a list of codes", { code: ["a"] }, "400 code_malformed"],
    ["a code that is too long", { code: "a".repeat(2049) }, "400 code_malformed"],
    ["a short verifier", { code: "a", codeVerifier: "a".repeat(42) }, "400 code_malformed"],
    ["a verifier of other letters", { code: "a", codeVerifier: "/".repeat(43) }, "400 code_malformed"],
    ["an invalid redirect URI", { code: "a", redirectUri: "/callback" }, "400 code_malformed"],
    ["a redirect URI with a fragment", { code: "a", redirectUri: "app:/a#b" }, "400 code_malformed"],
  ])("signInWithCode refuses %s", async (_what, body, failure) => {
    const { simulator, browser } = await startCodes(createApp);

    expect(failureOf(await postCode(browser, body))).toBe(failure);
    expect(await signedInAs(browser)).toBeUndefined();
    expect(exchangesAt(simulator)).toBe(failure === "400 code_rejected" ? 1 : 0);
  });

  it("onLogin may turn the visitor away, and the code is worthless then", async () => {
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      routes: (to, discord) =>
        codeRoute(to, discord, () => {
          throw new Forbidden("Members only.");
        }),
    });
    const browser = app.browser();
    const code = simulator.authorizeInActivity(simulator.addUser());

    expect(failureOf(await postCode(browser, { code }))).toBe("403 forbidden");
    expect(lastError(app)).toBeInstanceOf(Forbidden);
    expect(await signedInAs(browser)).toBeUndefined();
    expect(failureOf(await postCode(browser, { code }))).toBe("400 code_rejected");
  });

  it("a code that Discord has refused is not sent to Discord again, however often the client repeats it", async () => {
    const { simulator, browser } = await startCodes(createApp);

    for (let count = 0; count < 10; count += 1)
      expect(failureOf(await postCode(browser, { code: "made-up" }))).toBe("400 code_rejected");

    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a code can be sent again after Discord failed, however often", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    const code = simulator.authorizeInActivity(user);
    simulator.fail({ route: "POST /oauth2/token", kind: "status", status: 500, times: 6 });

    for (let count = 0; count < 6; count += 1)
      expect(failureOf(await postCode(browser, { code }))).toBe("502 discord_unavailable");
    expect((await postCode(browser, { code })).json()).toMatchObject({ replayed: false, userId: user.id });
  });
});

describe.each(LATEST_EXPRESS)("clients of signInWithCode on %s", (_name, createApp) => {
  it.each([
    ["says no origin, as mobile apps do", undefined],
    ["is a page of the app", "own"],
    ["is the Activity, behind Discord's proxy", "https://1100000000000000099.discordsays.com"],
    ["is listed", "https://app.example"],
    ["is a web view that is listed", "capacitor://localhost"],
  ])("signInWithCode accepts a client that %s", async (_who, origin) => {
    const origins = ["https://app.example", "capacitor://localhost"];
    const { simulator, app, user, browser } = await startCodes(createApp, { discord: { origins } });
    const headers = origin === undefined ? {} : { Origin: origin === "own" ? app.url : origin };

    const answer = await postCode(browser, { code: simulator.authorizeInActivity(user) }, headers);

    expect(answer.status).toBe(200);
  });

  it.each([
    ["another site", "https://evil.example"],
    ["an opaque origin", "null"],
    ["another application's Activity", "https://1100000000000000098.discordsays.com"],
    ["a host below the Activity's", "https://a.1100000000000000099.discordsays.com"],
    ["the Activity over plain http", "http://1100000000000000099.discordsays.com"],
    ["a site whose name begins alike", "https://app.example.evil.example"],
  ])("signInWithCode refuses a client that is %s", async (_who, origin) => {
    const { simulator, user, browser } = await startCodes(createApp, {
      discord: { origins: ["https://app.example"] },
    });
    const code = simulator.authorizeInActivity(user);

    expect(failureOf(await postCode(browser, { code }, { Origin: origin }))).toBe("403 cross_site_request");
    expect(exchangesAt(simulator)).toBe(0);
  });

  it.each([
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/plain; a=application/json",
    "multipart/form-data; boundary=a",
    "",
  ])("signInWithCode refuses %j, which other sites can send", async (type) => {
    const { simulator, app, user, browser } = await startCodes(createApp);
    const form = { code: simulator.authorizeInActivity(user) };

    for (const headers of [{ "Content-Type": type }, { "Content-Type": type, Origin: app.url }])
      expect(failureOf(await browser.post("/code", { form, headers }))).toBe("403 cross_site_request");
    expect(exchangesAt(simulator)).toBe(0);
  });

  it("signInWithCode accepts JSON with a charset, however the type is capitalized", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    const headers = { "Content-Type": "Application/JSON; charset=utf-8" };

    const answer = await postCode(browser, { code: simulator.authorizeInActivity(user) }, headers);

    expect(answer.status).toBe(200);
  });
});

describe.each(LATEST_EXPRESS)("repeated codes on %s", (_name, createApp) => {
  it("two simultaneous requests with the same code are one login", async () => {
    const { simulator, user, app } = await startCodes(createApp);
    const browsers = [app.browser(), app.browser()];
    const code = simulator.authorizeInActivity(user);

    const answers = await Promise.all(browsers.map((browser) => postCode(browser, { code })));

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const logins = answers.map((answer) => answer.json<CodeLogin>());
    expect(logins.map(({ replayed }) => replayed).toSorted()).toEqual([false, true]);
    expect(logins[0]?.accessToken).toBe(logins[1]?.accessToken);
    expect(exchangesAt(simulator)).toBe(1);
    for (const browser of browsers) expect(await signedInAs(browser)).toBe(user.id);
  });

  it("two simultaneous requests with the same code are one login, whatever form each session id has", async () => {
    const ids = ["abcdefghijklmnopqrstuvwx", "0123456789abcdefghijklmn", "a0b1c2d3e4f5g6h7i8j9k0l1"];
    const { simulator, user, app } = await startCodes(createApp, {
      session: { store: new SharedStore(), genid: () => ids.pop() ?? randomUUID() },
    });
    const browsers = [app.browser(), app.browser()];
    const code = simulator.authorizeInActivity(user);

    const answers = await Promise.all(browsers.map((browser) => postCode(browser, { code })));

    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(exchangesAt(simulator)).toBe(1);
    for (const browser of browsers) expect(await signedInAs(browser)).toBe(user.id);
  });

  it("a used code is refused afterwards, except in the session it created", async () => {
    const { simulator, user, app, browser } = await startCodes(createApp);
    const code = simulator.authorizeInActivity(user);
    await postCode(browser, { code });
    const stranger = app.browser();

    expect(failureOf(await postCode(stranger, { code }))).toBe("400 code_rejected");
    expect(await signedInAs(stranger)).toBeUndefined();
    expect((await postCode(browser, { code })).json()).toMatchObject({ replayed: true, userId: user.id });
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a used code is refused to simultaneous requests afterwards", async () => {
    const { simulator, user, app, browser } = await startCodes(createApp);
    const code = simulator.authorizeInActivity(user);
    await postCode(browser, { code });

    const strangers = Array.from({ length: 5 }, () => app.browser());
    const answers = await Promise.all([
      postCode(browser, { code }),
      ...strangers.map((stranger) => postCode(stranger, { code })),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([200, 400, 400, 400, 400, 400]);
    for (const stranger of strangers) expect(await signedInAs(stranger)).toBeUndefined();
  });

  it("requests that arrive while the session is being saved share its code exchange, later ones do not", async () => {
    const observed = observe(new SharedStore());
    const { simulator, user, app, browser } = await startCodes(createApp, {
      session: { store: observed.store },
    });
    const code = simulator.authorizeInActivity(user);
    const saving = observed.hold("set", SESSION);
    const first = postCode(browser, { code });
    await saving.begun;
    const [second, late] = [app.browser(), app.browser()];
    const sharing = postCode(second, { code });
    await expect.poll(() => arrivals(app.app)).toBe(2);
    const savingCopy = observed.hold("set", SESSION);
    saving.release();
    await first;
    await savingCopy.begun;
    const refused = postCode(late, { code });
    await expect.poll(() => arrivals(app.app)).toBe(3);
    savingCopy.release();

    expect((await sharing).json()).toMatchObject({ replayed: true, userId: user.id });
    expect(failureOf(await refused)).toBe("400 code_rejected");
    expect(await signedInAs(late)).toBeUndefined();
  });

  it("a code is refused if its record was left by a request that could not finish", async () => {
    const observed = observe(new SharedStore());
    const { simulator, user, app, browser } = await startCodes(createApp, {
      session: { store: observed.store },
    });
    const code = simulator.authorizeInActivity(user);
    observed.fail("set", SESSION);
    expect(failureOf(await postCode(browser, { code }))).toBe("503 store_failed");
    observed.recover();

    const stranger = app.browser();
    expect(failureOf(await postCode(stranger, { code }))).toBe("400 code_rejected");
    expect(await signedInAs(stranger)).toBeUndefined();
  });

  it("a used code is refused after the sign-out, even in the session it created", async () => {
    const { simulator, user, browser } = await startCodes(createApp);
    const code = simulator.authorizeInActivity(user);
    await postCode(browser, { code });
    const former = browser.clone();
    await browser.post("/logout");

    for (const again of [browser, former]) {
      expect(failureOf(await postCode(again, { code }))).toBe("400 code_rejected");
      expect(await signedInAs(again)).toBeUndefined();
    }
  });

  it("a repeated code signs nobody in if a sign-out overtakes it", async () => {
    const observed = observe(new SharedStore());
    const reached = createGate();
    const simulator = await startSimulator();
    const app = await startApp(createApp, simulator, {
      session: { store: observed.store },
      routes: (to, discord) => {
        codeRoute(to, discord, () => reached.open());
      },
    });
    const browser = app.browser();
    const code = simulator.authorizeInActivity(simulator.addUser());
    const first = await postCode(browser, { code });
    const reading = observed.hold("get", RECORD);
    const again = postCode(browser.clone(), { code });
    await reading.begun;
    await browser.post("/logout");
    reading.release();

    expect(first.status).toBe(200);
    expect(failureOf(await again)).toBe("400 code_rejected");
  });
});

describe.each(LATEST_EXPRESS)("codes of mobile apps on %s", (_name, createApp) => {
  it("a mobile app's code can be repeated with its verifier within a minute, in a session of its own", async () => {
    const { simulator, user, app, browser } = await startCodes(createApp);
    const mobile = await mobileCode(simulator, user);
    await postCode(browser, mobile);
    const again = app.browser();

    expect((await postCode(again, mobile)).json()).toMatchObject({ replayed: true, userId: user.id });
    expect(await signedInAs(again)).toBe(user.id);
    expect(exchangesAt(simulator)).toBe(1);
  });

  it("a mobile app's code is refused with its verifier after a minute", async () => {
    const { simulator, user, app, browser } = await startCodes(createApp);
    const mobile = await mobileCode(simulator, user);
    await postCode(browser, mobile);
    advanceBoth(simulator, 60_001);

    expect(failureOf(await postCode(app.browser(), mobile))).toBe("400 code_rejected");
    expect((await postCode(browser, mobile)).json()).toMatchObject({ replayed: true });
  });

  it("a mobile app's code is refused with another verifier, and the first sign-in stays", async () => {
    const { simulator, user, app, browser } = await startCodes(createApp);
    const mobile = await mobileCode(simulator, user);
    const stranger = app.browser();
    const wrong = { ...mobile, codeVerifier: "b".repeat(43) };

    const answers = await Promise.all([postCode(browser, mobile), postCode(stranger, wrong)]);

    expect(answers.map(({ status }) => status)).toEqual([200, 400]);
    expect(failureOf(await postCode(stranger, { code: mobile.code }))).toBe("400 code_rejected");
    expect(await signedInAs(stranger)).toBeUndefined();
    expect(await signedInAs(browser)).toBe(user.id);
  });
});

describe.each(LATEST_EXPRESS)("one code in two processes on %s", (_name, createApp) => {
  it.each([
    ["a mobile app's code is one login in both processes", true, [200, 200]],
    ["an Activity's code signs in at one process, and nobody by its record", false, [200, 400]],
  ] as const)("%s", async (_what, isMobile, statuses) => {
    const simulator = await startSimulator({ behaviour: { codeReuse: "revoke-grant" } });
    const store = new SharedStore();
    const apps = [];
    for (let count = 0; count < 2; count += 1)
      apps.push(
        await startApp(createApp, simulator, {
          session: { store },
          routes: (to, discord) => codeRoute(to, discord),
        }),
      );
    const user = simulator.addUser();
    const body = isMobile ? await mobileCode(simulator, user) : { code: simulator.authorizeInActivity(user) };
    const browsers = apps.map((app) => app.browser());

    const answers = await Promise.all(browsers.map((browser) => postCode(browser, body)));

    expect(answers.map(({ status }) => status).toSorted()).toEqual(statuses);
    expect(exchangesAt(simulator)).toBe(1);
    for (const [index, answer] of answers.entries())
      expect(await signedInAs(browsers[index]!)).toBe(answer.status === 200 ? user.id : undefined);
  });
});
