import type { Logger } from '@bakehouse/base';
import {
  type HostId,
  type MetadataStore,
  type Network,
  PolicyRefusedError,
  type SecurityGroupId,
  type VpcId,
} from '@bakehouse/domain';
import { currentPolicy, policyChange } from './current-policy.ts';
import type { ChangedRecords, PolicyChanges } from './policy-changes.ts';

/** Brings the network's filtering in line with the records. */
export interface PolicyApplier {
  /**
   * Resolves when everything committed before this call is in force: of this VPC, or of all. Rejects with the network's
   * error when it could not be applied; `repair` then tries again. What is refused of others only is no matter of a VPC.
   */
  apply(vpcId?: VpcId): Promise<void>;
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
  let known = { groups: new Set<SecurityGroupId>(), vpcs: new Set<VpcId>() };

  const applyWhole = async () => {
    const policy = await metadata.read((reader) => currentPolicy(reader, hostId));
    await network.applyPolicy(policy);
    known = {
      groups: new Set(policy.groups.map(({ groupId }) => groupId)),
      vpcs: new Set(policy.vpcs.map(({ vpcId }) => vpcId)),
    };
    logger.log('debug', 'network policy applied', { nics: policy.nics.length });
  };

  const applyChanged = async (changed: Exclude<ChangedRecords, 'everything'>) => {
    const change = await metadata.read((reader) =>
      policyChange(reader, changed, { hostId, known }),
    );
    const counts = {
      nics: change.nics.size,
      groups: change.groups.size,
      vpcs: change.vpcs.size,
    };
    if (Object.values(counts).every((count) => count === 0)) return;
    try {
      await network.changePolicy(change);
    } catch (error) {
      // The records are later than the list of what has changed: an address may have moved in between.
      logger.log('warn', 'cannot change the network policy; applying the whole of it', { error });
      return applyWhole();
    }
    remember(known.groups, change.groups);
    remember(known.vpcs, change.vpcs);
    logger.log('debug', 'network policy changed', counts);
  };

  return (changed) => (changed === 'everything' ? applyWhole() : applyChanged(changed));
}

function remember<Id>(known: Set<Id>, changed: ReadonlyMap<Id, unknown>): void {
  for (const [id, value] of changed) {
    if (value === undefined) known.delete(id);
    else known.add(id);
  }
}

/**
 * Calls during a run share the next run, so that a burst of changes costs two runs. The first run, and the one after a
 * failure, applies the whole policy; the others what has changed since, or the whole where that is refused.
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

  const applyAll = () => {
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
    async apply(vpcId) {
      try {
        await applyAll();
      } catch (error) {
        if (vpcId === undefined || !(error instanceof PolicyRefusedError)) throw error;
        if (error.vpcIds.has(vpcId)) throw error;
        logger.log('warn', 'the network policy of others is refused', { vpcId, error });
      }
    },
    async repair() {
      if (!isBehind || running) return;
      await applyAll();
      logger.log('info', 'network policy applied after a failure');
    },
  };
}
