import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** The script of the Activity in one file, with Discord's SDK in it. An app of your own would do this in its build. */
export async function bundleClient(): Promise<string> {
  const input = fileURLToPath(new URL("./client.js", import.meta.url));
  const bundle = await rolldown({ input, platform: "browser" });
  const { output } = await bundle.generate({ format: "esm" });
  await bundle.close();
  return output[0].code;
}
