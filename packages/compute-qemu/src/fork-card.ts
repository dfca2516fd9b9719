import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, type Logger, MiB, minuteMs } from '@bakehouse/base';
import type { InstanceId, MachineNic } from '@bakehouse/domain';
import { readPlainFile, writeFileDurably } from '@bakehouse/host';
import { isJsonObject, type QmpClient, QmpError } from '@bakehouse/qmp';
import { beginGuest } from './begin-guest.ts';
import type { ComputeLimits } from './compute-limits.ts';
import { readConsoleSince, wasResetSince } from './console-since.ts';
import { deviceIds } from './machine-devices.ts';
import { machineFileNames } from './machine-files.ts';
import { hasMemoryUse } from './memory-use.ts';
import { cardDevice, firstCard, firstCardPlace, forkedCard } from './network-card.ts';

/** What a fork's guest writes to its serial port when it has lost the other machine's card and renewed itself. */
const renewedLine = 'bakehouse: another instance';
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
  readonly logger: Logger;
  readonly limits: ComputeLimits;
  /** Whether nobody has stopped the guest for a reason of its own. */
  readonly mayGoOn: () => boolean;
  /** Whether the machine was reset since it was started, as far as this server has seen. */
  readonly wasReset: () => boolean;
  /** Does the work while nobody stops the guest or lets it go on. */
  readonly holding: (work: () => Promise<void>) => Promise<void>;
  readonly signal: AbortSignal;
}

/**
 * Gives a fork's guest a card of its own when it is another instance than the one that it was; before that no packet of it
 * reaches the network. A guest that was reset boots from its disk as others do, and gets its card at once. Resolves at once
 * for other guests. Repeatable; rejects when it is aborted. What goes wrong is tried again.
 */
export async function giveForkCard(client: QmpClient, options: CardOptions): Promise<void> {
  const { folder, clock, limits, logger, mayGoOn, signal } = options;
  const nic = await readForkCard(folder);
  if (!nic || !(await hasMemoryUse(folder))) return;
  const giving = new CardGiving(client, nic, options);
  let leftMs = renewalMs;
  let lastProblem: string | undefined;
  for (let isGiven = false; !isGiven; ) {
    const begunAt = clock.elapsed();
    const isLate = leftMs <= 0;
    isGiven = await giving.next({ isLate }).catch(async (error: unknown) => {
      signal.throwIfAborted();
      const problem = `${error}`;
      if (problem !== lastProblem) {
        logger.log('warn', 'a fork has no network card yet', { error });
      }
      lastProblem = problem;
      await clock.sleep(limits.statusMs, signal);
      return false;
    });
    if (!isGiven) await clock.sleep(isLate ? limits.superviseMs : pollMs, signal);
    // A guest that is stopped has no time.
    if (mayGoOn()) leftMs -= clock.elapsed() - begunAt;
    if (!isLate && leftMs <= 0 && !isGiven) {
      const error = 'its guest did not become another instance';
      logger.log('warn', 'a fork stays without a network card until it reboots', { error });
    }
  }
  await rm(join(folder, machineFileNames.forkCard), { force: true });
}

class CardGiving {
  readonly #client: QmpClient;
  readonly #nic: MachineNic;
  readonly #options: CardOptions;
  #askAt: number;
  #hasBegun = false;

  constructor(client: QmpClient, nic: MachineNic, options: CardOptions) {
    this.#client = client;
    this.#nic = nic;
    this.#options = options;
    this.#askAt = options.clock.elapsed() + options.limits.unplugRetryMs;
  }

  /** Comes as far as it can now. Returns whether the guest has its card. */
  async next({ isLate }: { readonly isLate: boolean }): Promise<boolean> {
    const client = this.#client;
    await this.#begin();
    if (!this.#hasBegun) return false;
    const devices = await deviceIds(client);
    if (devices.has(firstCard.device)) return true;
    if (devices.has(forkedCard.device)) {
      await this.#askForRelease();
      return false;
    }
    if (!(await this.#isAnother({ isLate }))) return false;
    await client.execute('device_add', { ...cardDevice(firstCard, this.#nic), ...firstCardPlace });
    return true;
  }

  /** A server that was killed may have left it stopped. */
  async #begin(): Promise<void> {
    if (this.#hasBegun) return;
    const { folder, instanceId, mayGoOn, holding } = this.#options;
    await holding(async () => {
      if (!mayGoOn()) return;
      await beginGuest(this.#client, { folder, instanceId, isRestored: true });
      this.#hasBegun = true;
    });
  }

  /** Refused while the guest has not seen the request before. */
  async #askForRelease(): Promise<void> {
    const { clock, limits } = this.#options;
    if (clock.elapsed() < this.#askAt) return;
    this.#askAt = clock.elapsed() + limits.unplugRetryMs;
    await this.#client.execute('device_del', { id: forkedCard.device }).catch((error: unknown) => {
      if (!(error instanceof QmpError)) throw error;
    });
  }

  async #isAnother({ isLate }: { readonly isLate: boolean }): Promise<boolean> {
    const { folder, wasReset } = this.#options;
    if (wasReset() || (await wasResetSince(folder))) return true;
    return !isLate && (await readConsoleSince(folder)).includes(renewedLine);
  }
}
