/** Text that is already HTML. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

type Interpolated = string | Html | false | undefined | readonly Html[];

/** A template tag that escapes its values. `false` and `undefined` become empty. */
export function html(strings: TemplateStringsArray, ...values: readonly Interpolated[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toHtml)));
}

/**
 * A script element of this code. Its end tag must be in no tagged template: the bundler would replace the template by a
 * call of a helper that the package does not contain.
 */
export function script(code: string, nonce: string): Html {
  return new Html(`<script nonce="${nonce}">${code}</script>`);
}

function toHtml(value: Interpolated): string {
  if (value === false || value === undefined) return "";
  if (typeof value === "string") return value.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
  return value instanceof Html ? value.text : value.join("");
}
