/** Whether a text is an http or https URL. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

/** @throws TypeError unless the value of an option is an http or https URL, or missing */
export function requireWebUrl(option: string, value: string | undefined): void {
  if (value === undefined || isWebUrl(value)) return;
  throw new TypeError(
    `${option} must be an http or https URL, such as http://localhost:3000, not "${value}".`,
  );
}

/** Whether a text is an absolute URL. An address without its scheme, such as `localhost:3000/callback`, is not. */
export function isAbsoluteUrl(text: string): boolean {
  return URL.canParse(text) && !/^[^/:]+:\d/.test(text);
}
