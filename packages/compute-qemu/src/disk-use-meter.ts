import type { Logger } from '@bakehouse/base';
import type { InstanceId, MachineFile } from '@bakehouse/domain';

interface DiskUseMeterOptions {
  /** All files that a machine can make grow. */
  readonly filesOf: (instanceId: InstanceId) => Promise<readonly MachineFile[]>;
  readonly logger: Logger;
}

/**
 * Looks at what machines take of the disk, several times a second when it gets full. A machine that cannot be looked at
 * has no files then, which shows no growth: it must not keep that of others from being seen. It is logged once.
 */
export class DiskUseMeter {
  readonly #options: DiskUseMeterOptions;
  readonly #unseen = new Set<InstanceId>();

  constructor(options: DiskUseMeterOptions) {
    this.#options = options;
  }

  async look(
    instanceIds: Iterable<InstanceId>,
  ): Promise<ReadonlyMap<InstanceId, readonly MachineFile[]>> {
    const looks = [...instanceIds].map(async (id) => [id, await this.#lookAt(id)] as const);
    return new Map(await Promise.all(looks));
  }

  async #lookAt(instanceId: InstanceId): Promise<readonly MachineFile[]> {
    const { filesOf, logger } = this.#options;
    try {
      const files = await filesOf(instanceId);
      this.#unseen.delete(instanceId);
      return files;
    } catch (error) {
      if (!this.#unseen.has(instanceId)) {
        logger.log('warn', 'cannot look at the files of a machine', { instanceId, error });
      }
      this.#unseen.add(instanceId);
      return [];
    }
  }
}
