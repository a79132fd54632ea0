import pg from "pg";
import { expect, inject, it, onTestFinished } from "vitest";
import { runSample } from "../support/run-guide.js";
import { randomName } from "../support/store-kinds/random-name.js";

const { databaseUrl } = inject("services");

it.skipIf(databaseUrl === undefined)(
  "the recipe for saving users keeps one row for each, as of the last login",
  async () => {
    const { url, query } = await emptyDatabase(databaseUrl ?? "");
    const { simulator, browser } = await runSample("docs/recipes.md", "Save users to a database at login", {
      environment: { DATABASE_URL: url },
    });
    const mira = simulator.addUser({ global_name: "Mira" });
    await browser().signIn("/auth/login", { user: mira });
    mira.payload.global_name = "Mira K.";
    await browser().signIn("/auth/login", { user: mira });
    await browser().signIn("/auth/login", { user: simulator.addUser({ global_name: "Tomas" }) });

    expect(await query("select name from users order by name")).toEqual([
      { name: "Mira K." },
      { name: "Tomas" },
    ]);
    expect(
      await query(`select last_login is not null as ok from users where discord_id = '${mira.id}'`),
    ).toEqual([{ ok: true }]);
  },
);

/** A schema of its own, which the connection uses. */
async function emptyDatabase(serverUrl: string) {
  const schema = `recipe_${randomName()}`;
  const url = new URL(serverUrl);
  url.searchParams.set("options", `-c search_path=${schema}`);
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  await client.query(`create schema ${schema}`);
  onTestFinished(async () => {
    await client.query(`drop schema ${schema} cascade`);
    await client.end();
  });
  return { url: url.href, query: async (sql: string) => (await client.query(sql)).rows };
}
