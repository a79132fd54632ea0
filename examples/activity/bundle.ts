import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/**
 * Bundles a script for browsers, with the packages that it imports, into one file. Do this in the build of your own
 * app.
 */
export async function bundle(script: URL): Promise<string> {
  const bundled = await rolldown({ input: fileURLToPath(script), platform: "browser" });
  const { output } = await bundled.generate({ format: "esm" });
  await bundled.close();
  return output[0].code;
}
