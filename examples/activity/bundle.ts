import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

/** A script for browsers in one file, with the packages that it imports. An app of your own would do this in its build. */
export async function bundle(script: URL): Promise<string> {
  const bundled = await rolldown({ input: fileURLToPath(script), platform: "browser" });
  const { output } = await bundled.generate({ format: "esm" });
  await bundled.close();
  return output[0].code;
}
