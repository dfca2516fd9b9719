import type { Logger } from '@bakehouse/base';
import type { NetworkPolicy, Nic } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { checkNeighbours, checkNic } from './check-nic.ts';
import { emptyPolicy, type NetworkRecords } from './network-records.ts';

/** What was asked of the network: in memory for who makes it, on disk for the next process. */
export interface WantedNetwork {
  readonly nics: ReadonlyMap<string, Nic>;
  readonly policy: NetworkPolicy;
  /** Reads what an earlier process was asked. */
  load(): Promise<void>;
  /** Throws when the NIC is malformed or takes what another has. */
  check(nic: Nic): void;
  add(nic: Nic): Promise<void>;
  remove(nic: Nic): Promise<void>;
  /** Keeps a policy that is in force. */
  keep(policy: NetworkPolicy): Promise<void>;
  /** From now on nothing passes; on disk the policy stays as it is. */
  close(): void;
  /** Nothing is wanted any more. */
  clear(): Promise<void>;
}

export function wantedNetwork(
  records: NetworkRecords,
  addressing: Addressing,
  logger: Logger,
): WantedNetwork {
  let nics = new Map<string, Nic>();
  let policy = emptyPolicy;

  function check(nic: Nic, others: Iterable<Nic> = nics.values()): void {
    checkNeighbours(checkNic(nic, addressing), others);
  }

  /** Records that this configuration cannot serve (of another pool) are left out, and said. */
  function usable(recorded: ReadonlyMap<string, Nic>): Map<string, Nic> {
    const found = new Map<string, Nic>();
    for (const [nicId, nic] of recorded) {
      try {
        check(nic, found.values());
        found.set(nicId, nic);
      } catch (error) {
        logger.log('warn', 'a recorded NIC is left unplugged', { nicId, error });
      }
    }
    return found;
  }

  return {
    get nics() {
      return nics;
    },
    get policy() {
      return policy;
    },
    async load() {
      await records.prepare();
      const recorded = await records.load();
      nics = usable(recorded.nics);
      policy = recorded.policy;
    },
    check: (nic) => check(nic),
    async add(nic) {
      await records.saveNic(nic);
      nics.set(nic.nicId, nic);
    },
    async remove({ nicId }) {
      await records.removeNic(nicId);
      nics.delete(nicId);
    },
    async keep(applied) {
      policy = applied;
      await records.savePolicy(applied);
    },
    close() {
      policy = emptyPolicy;
    },
    async clear() {
      await records.clear();
      nics = new Map();
      policy = emptyPolicy;
    },
  };
}
