import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolderIfExists } from '@bakehouse/host';
import { vpcNamespaces } from '../src/namespace.ts';
import { networkNames } from '../src/network-names.ts';
import type { TestPlatform } from './test-platform.ts';

/** What the kernel has of a platform, and what its dnsmasqs read, by namespace: sorted lines, without what counts or fills itself. */
export async function kernelState(platform: TestPlatform): Promise<Map<string, readonly string[]>> {
  const { options, directory, run } = platform;
  const names = networkNames(options.name, directory);
  const state = new Map<string, readonly string[]>();
  const table = await run(['nft', '-s', 'list', 'table', 'ip', options.name]);
  state.set('host', sortedLines(table));
  for (const { namespace } of [names, ...(await vpcNamespaces(names, run))]) {
    const ip = ['ip', '-n', namespace, '-4'];
    const outputs = [
      await run(['nsenter', `--net=/run/netns/${namespace}`, '--', 'nft', '-s', 'list', 'ruleset']),
      await run([...ip, '-o', 'address', 'show']),
      await run([...ip, 'route', 'show', 'table', 'all', 'proto', 'boot']),
      await run([...ip, 'rule', 'show']),
      await run(['ip', '-n', namespace, '-br', 'link', 'show']),
    ];
    state.set(namespace, outputs.flatMap(sortedLines));
  }
  for (const vpc of await readFolderIfExists(names.runtimeDirectory)) {
    const folder = join(names.runtimeDirectory, vpc);
    const files = ['dhcp-hosts', 'dhcp-options', 'hosts', 'dnsmasq.conf'];
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    const namespace = `${options.name}-${vpc.slice(-12)}`;
    state.set(namespace, [...(state.get(namespace) ?? []), ...texts.flatMap(sortedLines)]);
  }
  return state;
}

function sortedLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => !line.includes('limit rate over'));
  return lines
    .map((line) =>
      line
        .trim()
        .replace(/@if\d+|valid_lft .*|^\d+: /g, '')
        .split(/,? +/)
        .sort()
        .join(' '),
    )
    .filter((line) => line !== '')
    .sort();
}
