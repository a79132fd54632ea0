/** Returns the fields that have a value. An `undefined` one counts as missing, so it does not replace a default. */
export function givenFields<Fields extends object>(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Fields;
}
