import type { Logger } from '@bakehouse/base';
import type { MetadataStore, Network } from '@bakehouse/domain';
import { currentPolicy } from './policy.ts';

/** Brings the network's filtering in line with the records. */
export interface PolicyApplier {
  /**
   * Resolves when a policy that has everything committed before this call is in force. Rejects with the
   * network's error when it could not be applied; `repair` then has something to do.
   */
  apply(): Promise<void>;
  /** Applies again if the last application failed. To be called now and then, so that nobody has to ask. */
  repair(): Promise<void>;
}

/** Calls that come while one runs share the next run, so a burst of changes costs two runs. */
export function createPolicyApplier(
  metadata: MetadataStore,
  network: Network,
  logger: Logger,
): PolicyApplier {
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let isBehind = false;

  const run = async () => {
    // Until it is done, whatever happens.
    isBehind = true;
    const policy = await metadata.read(currentPolicy);
    await network.applyPolicy(policy);
    isBehind = false;
    logger.log('debug', 'network policy applied', { nics: policy.nics.length });
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
