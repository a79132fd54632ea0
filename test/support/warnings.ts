import { onTestFinished } from "vitest";

/** Collects the codes of this library's process warnings for the rest of one test. */
export function collectWarnings(): readonly string[] {
  const codes: string[] = [];
  const collect = ({ code }: Error & { code?: string }) => {
    if (code?.startsWith("EXPRESS_DISCORD_")) codes.push(code);
  };
  process.on("warning", collect);
  onTestFinished(() => void process.off("warning", collect));
  return codes;
}
