import { fileURLToPath } from 'node:url';
import type { RunNetworkCommand } from './run-network-command.ts';

const program = fileURLToPath(new URL('./resolver-probe-main.ts', import.meta.url));

/** Those of the addresses that answer a DNS query from inside the namespace within a second. */
export async function answeringResolvers(
  addresses: readonly string[],
  { run, enter }: { run: RunNetworkCommand; enter: readonly string[] },
): Promise<string[]> {
  if (addresses.length === 0) return [];
  const output = await run([...enter, process.execPath, program, ...addresses]);
  return addresses.filter((address) => output.split('\n').includes(address));
}
