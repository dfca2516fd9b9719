import { runCommand } from '@bakehouse/host';
import { expect, test } from 'vitest';

test('the first port that users have is that of the start, until the process ends', async () => {
  const module = `${import.meta.dirname}/../src/edge/host-ports.ts`;
  const script = `
    const { writeFileSync } = await import('node:fs');
    const { firstOpenPort } = await import(${JSON.stringify(module)});
    const start = (port) => writeFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', port);
    start('1000');
    const before = await firstOpenPort();
    start('22');
    console.log(before, await firstOpenPort());`;
  const argv = ['unshare', '--net', '--', process.execPath, '--input-type=module', '-e', script];
  expect(await runCommand(argv, { timeoutMs: 60_000 })).toBe('1000 1000\n');
});
