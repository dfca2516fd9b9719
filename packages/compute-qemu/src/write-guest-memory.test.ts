import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { machineFileNames } from './machine-files.ts';
import { fakeMonitor } from './testing/fake-monitor.ts';
import { writeGuestMemory } from './write-guest-memory.ts';

/** Writes two bytes by a QEMU that gives these replies in turn. Returns what it was asked. */
async function write(
  replies: readonly string[],
  changes: { timeoutMs?: number } = {},
): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bakehouse-debug-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const asked: string[] = [];
  const attach = async () => {
    const socket = connect(join(folder, machineFileNames.debugSocket));
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    const left = [...replies];
    socket.on('data', (data) => {
      asked.push(data.toString());
      if (data.toString() !== '+') socket.write(left.shift() ?? '');
    });
    await once(socket, 'connect');
  };
  const { client } = fakeMonitor({
    'human-monitor-command': ({ 'command-line': line }) =>
      line === 'gdbserver none' ? '' : attach(),
  });
  const bytes = Uint8Array.of(0xab, 1);
  const user = process.getuid?.() ?? 0;
  const options = { folder, user, timeoutMs: 5_000, ...changes };
  try {
    await writeGuestMemory(client, [{ address: 0x9000, bytes }], options);
  } finally {
    expect(await readdir(folder)).toEqual([]);
  }
  return asked;
}

test('bytes are written by physical address, and the guest is not let go on', async () => {
  const asked = (await write(['+$OK#9a', '+$OK#9a'])).join('');
  expect(asked.replaceAll('+', '')).toBe('$Qqemu.PhyMemMode:1#77$M9000,2:ab01#d2');
});

test.each([
  [['+$OK#9a', '+$E14#aa'], 'did not write'],
  [[`+${'x'.repeat(5_000)}`], 'more than its replies'],
])('a refusal (%s) is an error', async (replies, why) => {
  await expect(write(replies)).rejects.toThrow(why);
});

test('a QEMU that does not reply in time is not waited for', async () => {
  const writing = write(['+'], { timeoutMs: 50 });
  await expect(writing).rejects.toThrow('timeout');
});
