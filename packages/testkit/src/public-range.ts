import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

/** Excludes 127.18 (the default) and ranges that tests name. */
const shared: SecondNumbers = { first: 31, last: 249 };
/** Held by a socket, so that it is free again whatever ends its process. */
const claim = { address: '255.254', port: 47_127 };

/** Of the addresses that may be taken; both included. */
interface SecondNumbers {
  readonly first: number;
  readonly last: number;
}

/** A range of public addresses for a platform's guests. */
export interface PublicRange {
  /** For example `127.31.0.0/16`. */
  readonly cidr: string;
  /** The second number of its addresses. */
  readonly second: number;
  /** Resolves when others can take it. The end of the process also releases it. */
  release(): Promise<void>;
}

/** The ranges of this host's platforms: each writes its own to the alias of its link. */
async function usedRanges(): Promise<ReadonlySet<string>> {
  const root = '/sys/class/net';
  // A link may be removed while this reads.
  const aliasOf = (link: string) => readFile(`${root}/${link}/ifalias`, 'utf8').catch(() => '');
  const aliases = await Promise.all((await readdir(root)).map(aliasOf));
  return new Set(aliases.flatMap((alias) => /(\d+\.){3}\d+\/16/.exec(alias)?.[0] ?? []));
}

const taken = new Set<unknown>(['EADDRINUSE', 'EADDRNOTAVAIL']);

/** Undefined when another process holds the range, or something on this host routes it elsewhere. */
async function claimRange(second: number): Promise<Server | undefined> {
  const server = createServer();
  server.listen(claim.port, `127.${second}.${claim.address}`).unref();
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if (error instanceof Error && 'code' in error && taken.has(error.code)) return undefined;
    throw error;
  }
}

/** A loopback range that no platform on this host uses, and no other test takes while this process holds it. */
export async function takePublicRange({ first, last } = shared): Promise<PublicRange> {
  const used = await usedRanges();
  for (let second = first; second <= last; second += 1) {
    const cidr = `127.${second}.0.0/16`;
    const server = used.has(cidr) ? undefined : await claimRange(second);
    if (server) return { cidr, second, release: () => server[Symbol.asyncDispose]() };
  }
  throw new Error('no loopback range is free for guests: too many platforms run on this host');
}
