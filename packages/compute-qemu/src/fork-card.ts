import { randomBytes } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, MiB, minuteMs } from '@bakehouse/base';
import type { InstanceId, MachineNic } from '@bakehouse/domain';
import { readPlainFile, writeFileDurably } from '@bakehouse/host';
import { isJsonObject, type QmpClient } from '@bakehouse/qmp';
import { beginGuest } from './begin-guest.ts';
import { readMachineBoot } from './boot-watch.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { deviceIds } from './machine-devices.ts';
import { machineFileNames } from './machine-files.ts';
import { hasMemoryUse } from './memory-use.ts';
import { cardDevice, firstCard, firstCardPlace, forkedCard } from './network-card.ts';
import { type GuestBytes, writeGuestMemory } from './write-guest-memory.ts';

/**
 * What a fork's guest writes to its serial port when it has lost the other machine's card and renewed what it can, and
 * where in its memory its kernel keeps secrets that are drawn once: `ADDRESS+LENGTH`, in hexadecimal.
 */
const renewedLine =
  /bakehouse: another instance, but for((?: [0-9a-f]{1,10}\+[0-9a-f]{1,2}){1,16})[\r\n]/;
/** An emulated guest on a busy host takes a minute. */
const renewalMs = 10 * minuteMs;
const pollMs = 100;

/** Format 1 of `fork-card.json`: the card that a fork's guest is to get. */
interface ForkCard {
  readonly version: 1;
  readonly nic: MachineNic;
}

/** It is on disk before the fork's guest begins, and removed when the guest has its own card. */
export async function writeForkCard(folder: string, nic: MachineNic): Promise<void> {
  const card: ForkCard = { version: 1, nic };
  await writeFileDurably(join(folder, machineFileNames.forkCard), JSON.stringify(card));
}

async function readForkCard(folder: string): Promise<MachineNic | undefined> {
  const path = join(folder, machineFileNames.forkCard);
  const text = (await readPlainFile(path, { bytesMax: MiB }))?.toString();
  const value: unknown = JSON.parse(text ?? 'null');
  return isForkCard(value) ? value.nic : undefined;
}

function isForkCard(value: unknown): value is ForkCard {
  if (!isJsonObject(value) || value.version !== 1 || !isJsonObject(value.nic)) return false;
  const { nicId, macAddress, port } = value.nic;
  return [nicId, macAddress, port].every((each) => typeof each === 'string');
}

/** Takes the card that the memory is of from a guest that has not begun: its link is down, and it is to be released. */
export async function withdrawCard(client: QmpClient): Promise<void> {
  await client.execute('set_link', { name: forkedCard.device, up: false });
  await client.execute('device_del', { id: forkedCard.device });
}

interface CardOptions {
  readonly folder: string;
  readonly instanceId: InstanceId;
  readonly clock: Clock;
  readonly limits: ComputeLimits;
  readonly isHeld: () => boolean;
  readonly signal: AbortSignal;
}

/**
 * Gives a fork's guest a card of its own when it is another instance than the one that it was; before that no packet of it
 * reaches the network. Resolves at once for other guests. Repeatable; rejects when the guest does not renew itself in time.
 */
export async function giveForkCard(client: QmpClient, options: CardOptions): Promise<void> {
  const { folder, instanceId, isHeld } = options;
  const nic = await readForkCard(folder);
  if (!nic || !(await hasMemoryUse(folder))) return;
  // A server that was killed may have left it stopped.
  if (!isHeld()) await beginGuest(client, { folder, instanceId, isRestored: true });
  if (!(await deviceIds(client)).has(firstCard.device)) {
    await renewSecrets(client, await untilRenewed(client, options), options);
    await client.execute('device_add', { ...cardDevice(firstCard, nic), ...firstCardPlace });
  }
  await rm(join(folder, machineFileNames.forkCard), { force: true });
}

/** A busy host may need more than one try. */
async function renewSecrets(
  client: QmpClient,
  secrets: readonly GuestBytes[],
  { folder, limits, signal }: CardOptions,
): Promise<void> {
  const { gid: user } = await stat(folder);
  for (let triesLeft = 2; ; triesLeft -= 1) {
    try {
      await writeGuestMemory(client, secrets, { folder, user, timeoutMs: limits.commandMs });
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (triesLeft === 0) throw error;
    }
  }
}

/** Fresh bytes for each place that the guest names. */
async function untilRenewed(
  client: QmpClient,
  { folder, clock, limits, isHeld, signal }: CardOptions,
): Promise<readonly GuestBytes[]> {
  const deadline = clock.elapsed() + renewalMs;
  let askAt = clock.elapsed() + limits.unplugRetryMs;
  for (;;) {
    const hasCard = (await deviceIds(client)).has(forkedCard.device);
    const console = Buffer.from((await readMachineBoot(folder))?.console ?? []).toString('latin1');
    const [, places] = renewedLine.exec(console) ?? [];
    // Writing into its memory would let it go on.
    if (places !== undefined && !hasCard && !isHeld()) return freshBytes(places);
    if (clock.elapsed() >= deadline) throw new Error('its guest did not become another instance');
    if (hasCard && clock.elapsed() >= askAt) {
      // Refused while the guest has not seen the request before.
      await client.execute('device_del', { id: forkedCard.device }).catch(() => {});
      askAt = clock.elapsed() + limits.unplugRetryMs;
    }
    await clock.sleep(pollMs, signal);
  }
}

function freshBytes(places: string): readonly GuestBytes[] {
  return places
    .trim()
    .split(' ')
    .map((place) => {
      const [address = '', length = ''] = place.split('+');
      return {
        address: Number.parseInt(address, 16),
        bytes: randomBytes(Number.parseInt(length, 16)),
      };
    });
}
