/** Returns the length of a text as Discord counts it: an emoji is one character. */
export function textLength(text: string): number {
  return [...text].length;
}
