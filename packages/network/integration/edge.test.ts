import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@bakehouse/base';
import { expect, onTestFinished, test } from 'vitest';
import { Edge, runInEdge } from '../src/edge/edge.ts';
import { namespaceFileOf } from '../src/network-names.ts';
import { runNetworkCommand } from '../src/run-network-command.ts';

test('what a start that was killed has left of the edge is completed', async () => {
  const name = `bht-${randomBytes(2).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-edge-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const edge = new Edge({
    ...{ name, runtimeDirectory: folder, logDirectory: folder },
    ...{ run: runNetworkCommand, clock: systemClock, logger: silentLogger },
  });
  onTestFinished(() => edge.remove());
  // `ip netns add` makes a file, and mounts the namespace on it then.
  await writeFile(namespaceFileOf(`${name}.edge`), '');
  expect(await edge.isWhole()).toBe(false);
  await edge.make();
  expect(await edge.isWhole()).toBe(true);

  const inEdge = runInEdge(name, runNetworkCommand);
  for (const undone of [
    ['ip', 'link', 'set', 'dev', 'lo', 'down'],
    ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0'],
  ]) {
    await inEdge(undone);
    expect(await edge.isWhole()).toBe(false);
    await edge.make();
    expect(await edge.isWhole()).toBe(true);
  }
});
