/** A resource id is its prefix, a dash, and 17 (in old ids: 8) lower-case hex digits: `i-0f3a…`. */
export type ResourceId<Prefix extends string> = `${Prefix}-${string}`;

/** True when `text` is a well-formed id of this prefix, of either length that EC2 has used. */
export function isResourceId<Prefix extends string>(
  prefix: Prefix,
  text: string,
): text is ResourceId<Prefix> {
  if (!text.startsWith(`${prefix}-`)) return false;
  return /^(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length + 1));
}
