import { join } from 'node:path';
import type { Clock } from '@bakehouse/base';
import { MemoryNotKeptError } from '@bakehouse/domain';
import type { QmpClient } from '@bakehouse/qmp';
import { readMachineBoot } from './boot-watch.ts';
import { machineFileNames } from './machine-files.ts';
import { type MemoryFileOptions, writeMemoryFile } from './memory-file.ts';
import { migrateTo, migrationOf } from './migration.ts';

/** What a guest writes to its serial port when it has come as far as it can without a network card. */
const waitingLine = 'bakehouse: waiting for a network card';
/** And when copies of it would share what they must not. */
const refusal = /bakehouse: no template: ([ -~]{1,200})[ -~]*[\r\n]/;
const pollMs = 200;
const progressPollMs = 20;

interface CardWait {
  readonly clock: Clock;
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** Whether the machine still exists. */
  readonly runs: () => Promise<boolean>;
}

/** Resolves when the guest waits for a card. Rejects with MemoryNotKeptError. */
export async function waitsForCard(
  folder: string,
  { clock, limitMs, signal, runs }: CardWait,
): Promise<void> {
  const deadline = clock.elapsed() + limitMs;
  while (!(await hasWritten(folder))) {
    if (!(await runs())) throw new MemoryNotKeptError('its guest ended while it booted');
    if (clock.elapsed() >= deadline) {
      throw new MemoryNotKeptError(
        `its guest did not wait for a network card within ${Math.round(limitMs / 1000)} s, as Bakehouse Linux baked by this release does`,
      );
    }
    await clock.sleep(pollMs, signal);
  }
}

async function hasWritten(folder: string): Promise<boolean> {
  const boot = await readMachineBoot(folder);
  const text = Buffer.from(boot?.console ?? []).toString('latin1');
  const [, reason] = refusal.exec(text) ?? [];
  if (reason !== undefined) throw new MemoryNotKeptError(reason);
  return text.includes(waitingLine);
}

interface SaveOptions extends Omit<MemoryFileOptions, 'path'> {
  /** Stops the guest for good: nobody lets it go on. */
  readonly halt: () => Promise<void>;
}

/** Stops the guest, and writes its memory and devices into `memory.state`: see writeMemoryFile. */
export async function saveMemory(client: QmpClient, options: SaveOptions): Promise<void> {
  const { folder, clock, halt } = options;
  const path = join(folder, machineFileNames.memory);
  await writeMemoryFile({ ...options, path }, async (signal) => {
    await halt();
    await migrateTo(client, machineFileNames.memorySocket);
    await wholeSent(client, { clock, signal });
  });
}

/** QEMU says whether what it sent was all that there is. */
async function wholeSent(
  client: QmpClient,
  { clock, signal }: Pick<SaveOptions, 'clock' | 'signal'>,
): Promise<void> {
  for (;;) {
    const { status, why } = await migrationOf(client);
    if (status === 'completed') return;
    if (status === 'failed' || status === 'cancelled') {
      throw new MemoryNotKeptError(`QEMU could not write its memory: ${why ?? status}`);
    }
    await clock.sleep(progressPollMs, signal);
  }
}
