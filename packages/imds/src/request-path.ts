const targetBytesMax = 1024;

/**
 * The names in a request's target; undefined for one that plays tricks: too long, `.` and `..`, empty names,
 * encoded slashes, bytes that are no text. A query and a trailing slash say nothing.
 */
export function pathNames(target: string): readonly string[] | undefined {
  if (target.length > targetBytesMax) return undefined;
  // A request to a proxy names the host too (RFC 9112 section 3.2.2); which one is not ours to judge.
  const path = target.replace(/^http:\/\/[^/?#]*/i, '').split('?', 1)[0] ?? '';
  if (!path.startsWith('/') || /%2f|%5c|\\/i.test(path)) return undefined;
  const decoded = decode(path);
  if (decoded === undefined || /[\x00-\x1f\x7f]/.test(decoded)) return undefined;
  const names = decoded.split('/').slice(1);
  if (names.at(-1) === '') names.pop();
  return names.some((name) => name === '' || name === '.' || name === '..') ? undefined : names;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
