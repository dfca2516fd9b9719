import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { apiError } from '@bakehouse/domain';

/** The name in a Host header, without its port. */
function nameOf(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase();
}

/**
 * A page's own name may be made to lead to this host (DNS rebinding), and then its browser lets it read the
 * answers. An address cannot, nor a name that only this host gives itself.
 */
function isOwnName(host: string, listenHost: string): boolean {
  const name = nameOf(host);
  if (isIP(name) !== 0 || name === listenHost.toLowerCase()) return true;
  return name === 'localhost' || name.endsWith('.localhost');
}

/** Refuses a request under a name that is not this host's: what needs no secret, a page could read. */
export function checkHostHeader({ host }: IncomingHttpHeaders, listenHost: string): void {
  if (host === undefined || isOwnName(host, listenHost)) return;
  throw apiError('UnauthorizedOperation', {
    message: `Without verified signatures, this endpoint can be called by its address or as localhost, not as '${nameOf(host)}'`,
  });
}

/** What is open to everyone on this host is not open to every web page that someone here looks at. */
export function refuseWebPage(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (headers.origin === undefined && (site === undefined || site === 'none')) return;
  throw apiError('UnauthorizedOperation', { message: 'This call cannot be made by a web page' });
}
