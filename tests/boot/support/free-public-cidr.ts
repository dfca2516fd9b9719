import { output } from './run.ts';

/** A loopback range that no platform on this host uses; each writes its own to the alias of its link. */
export async function freePublicCidr(): Promise<string> {
  const links = JSON.parse(await output(['ip', '-j', 'link', 'show'])) as { ifalias?: string }[];
  const used = new Set(links.map(({ ifalias }) => /(\d+\.){3}\d+\/16/.exec(ifalias ?? '')?.[0]));
  for (let second = 31; second < 100; second += 1) {
    const cidr = `127.${second}.0.0/16`;
    if (!used.has(cidr)) return cidr;
  }
  throw new Error('no loopback range is free for guests: too many platforms run on this host');
}
