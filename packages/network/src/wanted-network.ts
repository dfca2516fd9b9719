import type { Logger } from '@bakehouse/base';
import type { NetworkPolicy, Nic } from '@bakehouse/domain';
import type { Addressing } from './addressing.ts';
import { checkNeighbours, checkNic } from './check-nic.ts';
import { emptyPolicy, type NetworkRecords } from './network-records.ts';

/** What the network was asked for: in memory for this process, on disk for the next one. */
export interface WantedNetwork {
  readonly nics: ReadonlyMap<string, Nic>;
  /** What may pass now: nothing after `close`. */
  readonly policy: NetworkPolicy;
  /** True from `close` until `open`, or until a policy is kept. */
  readonly isClosed: boolean;
  /** The policy applied last, also after `close`. */
  readonly recordedPolicy: NetworkPolicy;
  /** Reads what an earlier process was asked for. */
  load(): Promise<void>;
  /** Throws when the NIC is malformed or uses another's address. */
  check(nic: Nic): void;
  add(nic: Nic): Promise<void>;
  remove(nic: Nic): Promise<void>;
  /** Records a policy that is in force. */
  keep(policy: NetworkPolicy): Promise<void>;
  /** Nothing passes until `open`, or until a policy is kept. The recorded one stays as it is. */
  close(): void;
  /** What the recorded policy allows passes again. */
  open(): void;
  /** Forgets everything. */
  clear(): Promise<void>;
}

export function wantedNetwork(
  records: NetworkRecords,
  addressing: Addressing,
  logger: Logger,
): WantedNetwork {
  let nics = new Map<string, Nic>();
  let policy = emptyPolicy;
  let isClosed = false;

  function check(nic: Nic, others: Iterable<Nic> = nics.values()): void {
    checkNeighbours(checkNic(nic, addressing), others);
  }

  return {
    get nics() {
      return nics;
    },
    get policy() {
      return isClosed ? emptyPolicy : policy;
    },
    get isClosed() {
      return isClosed;
    },
    get recordedPolicy() {
      return policy;
    },
    async load() {
      await records.prepare();
      const recorded = await records.load();
      nics = usable(recorded.nics, { check, logger });
      policy = recorded.policy;
      isClosed = false;
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
      isClosed = false;
      await records.savePolicy(applied);
    },
    close() {
      isClosed = true;
    },
    open() {
      isClosed = false;
    },
    async clear() {
      await records.clear();
      nics = new Map();
      policy = emptyPolicy;
      isClosed = false;
    },
  };
}

/** Leaves out, and logs, records that this configuration cannot serve (for example of another pool). */
function usable(
  recorded: ReadonlyMap<string, Nic>,
  {
    check,
    logger,
  }: { readonly check: (nic: Nic, others: Iterable<Nic>) => void; readonly logger: Logger },
): Map<string, Nic> {
  const found = new Map<string, Nic>();
  for (const [nicId, nic] of recorded) {
    try {
      check(nic, found.values());
      found.set(nicId, nic);
    } catch (error) {
      logger.log('warn', 'cannot plug a recorded NIC', { nicId, error });
    }
  }
  return found;
}
