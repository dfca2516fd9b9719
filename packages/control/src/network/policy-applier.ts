import type { Logger } from '@bakehouse/base';
import type { MetadataStore, Network } from '@bakehouse/domain';
import { currentPolicy } from './policy.ts';

/** Brings the network's filtering in line with the records. */
export interface PolicyApplier {
  /** Resolves when a policy that has everything committed before this call is in force. */
  apply(): Promise<void>;
}

/** Calls that come while one runs share the next run, so a burst of changes costs two runs. */
export function createPolicyApplier(
  metadata: MetadataStore,
  network: Network,
  logger: Logger,
): PolicyApplier {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const run = async () => {
    const policy = await metadata.read(currentPolicy);
    await network.applyPolicy(policy);
    logger.log('debug', 'network policy applied', { nics: policy.nics.length });
  };

  const start = () => {
    running = run().finally(() => {
      running = undefined;
    });
    return running;
  };

  return {
    apply() {
      if (!running) return start();
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined;
          return start();
        });
      return next;
    },
  };
}
