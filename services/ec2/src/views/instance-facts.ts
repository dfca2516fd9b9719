import {
  type AttachmentState,
  type Instance,
  type InstanceState,
  isMonitored,
  type NetworkInterface,
  type SecurityGroup,
} from '@bakehouse/domain';

/** An instance with the records that its view and its filters read. */
export interface InstanceFacts {
  readonly instance: Instance;
  /** Absent once terminated. */
  readonly nic?: NetworkInterface;
  readonly groups: readonly SecurityGroup[];
  /** By the order of the instance's volumes; absent when all are attached. */
  readonly attachmentStates?: readonly (AttachmentState | 'detached')[];
}

/** EC2's numbers for states; the low byte counts ("InstanceState"). */
export const stateCodes: Record<InstanceState, number> = {
  pending: 0,
  running: 16,
  'shutting-down': 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

/**
 * True from RunInstances until the machine runs for the first time. EC2 shows such an instance without public address
 * and volumes; its interface is `attaching`, its metadata options and its monitoring are `pending`.
 */
export const isLaunching = ({ state, generation }: Instance): boolean =>
  state === 'pending' && generation === 1;

/** The interface without its public address, as it is shown during a launch. */
export function withoutPublicAddress(nic: NetworkInterface): NetworkInterface {
  const { publicIp: _, ...rest } = nic;
  return rest;
}

export const shownNic = ({ instance, nic }: InstanceFacts): NetworkInterface | undefined =>
  nic && isLaunching(instance) ? withoutPublicAddress(nic) : nic;

/** The volumes that the instance shows, each with its state. `busy` is shown on the volume only; here it is `detaching`. */
export function shownVolumes({ instance, attachmentStates }: InstanceFacts) {
  if (isLaunching(instance)) return [];
  return instance.volumes.map((volume, index) => {
    const state = attachmentStates?.[index] ?? 'attached';
    return { ...volume, status: state === 'busy' ? ('detaching' as const) : state };
  });
}

/** Of the primary interface's attachment. */
export const interfaceStatus = (instance: Instance) =>
  isLaunching(instance) ? ('attaching' as const) : ('attached' as const);

export const shownStateReason = (instance: Instance): Instance['stateReason'] =>
  instance.stateReason ??
  (isLaunching(instance) ? { code: 'pending', message: 'pending' } : undefined);

export const shownOptionsState = (instance: Instance): Instance['metadataOptions']['state'] =>
  isLaunching(instance) ? 'pending' : instance.metadataOptions.state;

export const shownMonitoring = (instance: Instance): Instance['monitoring'] =>
  isLaunching(instance) && isMonitored(instance) ? 'pending' : instance.monitoring;
