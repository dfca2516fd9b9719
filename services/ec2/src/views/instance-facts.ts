import {
  type AttachmentState,
  type Instance,
  type InstanceState,
  isMonitored,
} from '@bakehouse/domain';
import { type InterfaceFacts, isLaunching, shownFacts } from './interface-facts.ts';

/** An instance with the records that its view and its filters read. */
export interface InstanceFacts {
  readonly instance: Instance;
  /** By device index: the primary one first. None once terminated. */
  readonly interfaces: readonly InterfaceFacts[];
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

/** The instance's interfaces as they are shown, without public addresses during a launch. */
export const shownInterfaces = ({
  instance,
  interfaces,
}: InstanceFacts): readonly InterfaceFacts[] =>
  interfaces.map((facts) => shownFacts(facts, instance));

/** The groups of the primary interface are the instance's. */
export const groupsOfInstance = ({ interfaces }: InstanceFacts) => interfaces[0]?.groups ?? [];

export const primaryNic = ({ interfaces }: InstanceFacts) => interfaces[0]?.nic;

/** The primary address, with the public one that the instance shows. */
export const primaryAddress = (facts: InstanceFacts) => shownInterfaces(facts)[0]?.addresses[0];

/** The volumes that the instance shows, each with its state. `busy` is shown on the volume only; here it is `detaching`. */
export function shownVolumes({ instance, attachmentStates }: InstanceFacts) {
  if (isLaunching(instance)) return [];
  return instance.volumes.map((volume, index) => {
    const state = attachmentStates?.[index] ?? 'attached';
    return { ...volume, status: state === 'busy' ? ('detaching' as const) : state };
  });
}

export const shownStateReason = (instance: Instance): Instance['stateReason'] =>
  instance.stateReason ??
  (isLaunching(instance) ? { code: 'pending', message: 'pending' } : undefined);

export const shownOptionsState = (instance: Instance): Instance['metadataOptions']['state'] =>
  isLaunching(instance) ? 'pending' : instance.metadataOptions.state;

export const shownMonitoring = (instance: Instance): Instance['monitoring'] =>
  isLaunching(instance) && isMonitored(instance) ? 'pending' : instance.monitoring;
