import type { Instance } from '@bakehouse/domain';

/** What work on an instance keeps for itself: the instance and its volumes. */
export const instanceLanes = (instance: Instance): readonly string[] => [
  instance.id,
  ...instance.volumes.map((volume) => volume.volumeId),
];
