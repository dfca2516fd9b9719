const targetBytesMax = 1024;

/**
 * The names in a request's target; undefined for a target that plays tricks: too long, with `.` or `..`, encoded
 * slashes, or bytes that are no text. As on EC2, several slashes in a row are one. A query and a trailing slash are
 * ignored.
 */
export function pathNames(target: string): readonly string[] | undefined {
  if (target.length > targetBytesMax) return undefined;
  // A request to a proxy also names the host (RFC 9112 section 3.2.2), whichever that is.
  const path = target.replace(/^http:\/\/[^/?#]*/i, '').split('?', 1)[0] ?? '';
  if (!path.startsWith('/') || /%2f|%5c|\\/i.test(path)) return undefined;
  const decoded = decode(path);
  if (decoded === undefined || /[\x00-\x1f\x7f]/.test(decoded)) return undefined;
  const names = decoded.split('/').filter((name) => name !== '');
  return names.some((name) => name === '.' || name === '..') ? undefined : names;
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
