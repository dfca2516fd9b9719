import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { output } from './run.ts';

/** The names by which a platform's parts on the host are known: derived from its folder, not asked of the server. */
export function hostNames(dataDirectory: string) {
  const hash = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 6);
  return {
    network: `bh${hash}`,
    runtimeDirectories: [`/run/bakehouse-${hash}`, `/run/bakehouse-bh${hash}`],
  };
}

export interface HostProcess {
  readonly pid: number;
  readonly argv: string;
}

/** Processes that run in one of these folders or name one in their arguments. */
export async function processesOf(folders: readonly string[]): Promise<readonly HostProcess[]> {
  const found: HostProcess[] = [];
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    const isOurs = folders.some((folder) => argv.includes(folder) || cwd.startsWith(folder));
    if (isOurs) found.push({ pid, argv: argv.replaceAll('\0', ' ').slice(0, 160) });
  }
  return found;
}

/** What a platform has left on the host: processes, network namespace, links, tables. */
export async function leftoversOf(dataDirectory: string): Promise<readonly string[]> {
  const { network, runtimeDirectories } = hostNames(dataDirectory);
  const processes = await processesOf([dataDirectory, ...runtimeDirectories]);
  const tables = await output(['nft', 'list', 'tables']);
  const links = await output(['ip', '-o', 'link', 'show']);
  const mounted = await readFile('/proc/self/mounts', 'utf8');
  const namespaces = (await readdir('/run/netns').catch(() => []))
    .filter((name) => name === network || name.startsWith(`${network}-`))
    .map((name) => `namespace ${name}`);
  const lines = (text: string, kind: string, word: string) =>
    text.split('\n').flatMap((line) => (line.includes(word) ? [`${kind}: ${line}`] : []));
  return [
    ...processes.map(({ pid, argv }) => `process ${pid}: ${argv}`),
    ...namespaces,
    ...lines(tables, 'nftables', network),
    ...lines(links, 'link', network),
    ...lines(mounted, 'mount', dataDirectory),
  ];
}
