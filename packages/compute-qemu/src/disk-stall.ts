import type { QmpClient } from '@bakehouse/qmp';
import { findFullDisk, fullDiskMessage } from './disk-room.ts';
import type { FollowedMachine } from './followed-machine.ts';
import { runStateOf } from './monitor.ts';

export interface DiskStallOptions extends FollowedMachine {
  /** Whether the guest may go on when its disk has room. */
  readonly mayResume: () => boolean;
}

/** Watches for a guest that QEMU paused because a disk has no room, and lets it continue when there is room. */
export class DiskStall {
  readonly #options: DiskStallOptions;
  #reason: string | undefined;

  constructor(options: DiskStallOptions) {
    this.#options = options;
  }

  /** Why the guest is paused, with the way out; undefined when it is not. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** A machine that was found again may be paused already. */
  async find(client: QmpClient, signal: AbortSignal): Promise<void> {
    if ((await runStateOf(client)) === 'io-error') {
      await this.pause({ problem: 'a disk could not be written' }, client, signal);
    }
  }

  /** QEMU has paused the guest. `failedNode` is the block node that failed. */
  async pause(
    { problem, failedNode }: { readonly problem: string; readonly failedNode?: string },
    client: QmpClient,
    signal: AbortSignal,
  ): Promise<void> {
    if (this.#reason !== undefined) return;
    this.#reason = problem;
    const fullDisk = await this.#fullDisk(client, failedNode).catch(() => undefined);
    // Another monitor may have let the guest continue meanwhile.
    if (this.#reason === undefined) return;
    const reason = fullDisk === undefined ? problem : `${problem}; ${fullDisk}`;
    this.#reason = reason;
    const { instanceId, generation } = this.#options.record;
    this.#options.emit({ kind: 'paused', instanceId, generation, reason });
    void this.#resumeWhenRoom(client, signal);
  }

  /** QEMU has let the guest continue: returns why it was paused. */
  lifted(): string | undefined {
    const reason = this.#reason;
    this.#reason = undefined;
    return reason;
  }

  /** The connection has ended. The next one finds out whether the guest is still paused. */
  forget(): void {
    this.#reason = undefined;
  }

  async #fullDisk(client: QmpClient, failedNode?: string): Promise<string | undefined> {
    const { folder, limits } = this.#options;
    const { spaceNeededBytes: bytesNeeded } = limits;
    const full = await findFullDisk(client, folder, { bytesNeeded, failedNode });
    return full && fullDiskMessage(full, bytesNeeded);
  }

  async #resumeWhenRoom(client: QmpClient, signal: AbortSignal): Promise<void> {
    const { clock, limits, logger, mayResume } = this.#options;
    while (this.#reason !== undefined) {
      try {
        await clock.sleep(limits.spaceProbeMs, signal);
        if (!mayResume() || (await this.#fullDisk(client))) continue;
        // Its machine may be about to end since.
        if (mayResume()) await client.execute('cont');
      } catch (error) {
        if (signal.aborted) return;
        logger.log('warn', 'cannot resume paused guest', { error });
      }
    }
  }
}
