import type { Instance } from '@bakehouse/domain';

export const volumeLanes = ({ volumes }: Instance): readonly string[] =>
  volumes.map(({ volumeId }) => volumeId);

/** What work on an instance keeps for itself: the instance and its volumes. */
export const instanceLanes = (instance: Instance): readonly string[] => [
  instance.id,
  ...volumeLanes(instance),
];
