import type { Logger } from '@bakehouse/base';
import type { HostId, MetadataStore, Network, SecurityGroupId } from '@bakehouse/domain';
import { currentPolicy, policyChange } from './current-policy.ts';
import type { ChangedRecords, PolicyChanges } from './policy-changes.ts';

/** Brings the network's filtering in line with the records. */
export interface PolicyApplier {
  /**
   * Resolves when a policy with everything committed before this call is in force. Rejects with the network's error
   * when it could not be applied; `repair` then tries again.
   */
  apply(): Promise<void>;
  /** Applies again if the last application failed. Call it periodically. */
  repair(): Promise<void>;
}

export interface PolicyApplierOptions {
  /** Notes what is committed to the records. */
  readonly changes: PolicyChanges;
  readonly metadata: MetadataStore;
  readonly network: Network;
  /** The host whose network it is: interfaces of others are no part of the policy. */
  readonly hostId: HostId;
  readonly logger: Logger;
}

/** Writes the whole policy, or what these changes make of the policy that it wrote before. */
function policyWriter({
  metadata,
  network,
  hostId,
  logger,
}: Omit<PolicyApplierOptions, 'changes'>): (changed: ChangedRecords) => Promise<void> {
  let known = new Set<SecurityGroupId>();

  const applyWhole = async () => {
    const policy = await metadata.read((reader) => currentPolicy(reader, hostId));
    await network.applyPolicy(policy);
    known = new Set(policy.groups.map(({ groupId }) => groupId));
    logger.log('debug', 'network policy applied', { nics: policy.nics.length });
  };

  const applyChanged = async (changed: Exclude<ChangedRecords, 'everything'>) => {
    const change = await metadata.read((reader) =>
      policyChange(reader, changed, { hostId, known }),
    );
    if (change.nics.size === 0 && change.groups.size === 0) return;
    await network.changePolicy(change);
    for (const [groupId, rules] of change.groups) {
      if (rules) known.add(groupId);
      else known.delete(groupId);
    }
    const counts = { nics: change.nics.size, groups: change.groups.size };
    logger.log('debug', 'network policy changed', counts);
  };

  return (changed) => (changed === 'everything' ? applyWhole() : applyChanged(changed));
}

/**
 * Calls during a run share the next run, so that a burst of changes costs two runs. The first run, and the one after a
 * failure, applies the whole policy; the others what has changed since.
 */
export function createPolicyApplier({ changes, ...options }: PolicyApplierOptions): PolicyApplier {
  const { logger } = options;
  const write = policyWriter(options);
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let isBehind = false;

  const run = async () => {
    // Until the policy is applied, however this ends.
    isBehind = true;
    const changed = changes.take();
    try {
      await write(changed);
    } catch (error) {
      changes.noteEverything();
      throw error;
    }
    isBehind = false;
  };

  const start = () => {
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };

  const apply = () => {
    if (!running) return start();
    next ??= running
      .catch(() => {})
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };

  return {
    apply,
    async repair() {
      if (!isBehind || running) return;
      await apply();
      logger.log('info', 'network policy applied after a failure');
    },
  };
}
