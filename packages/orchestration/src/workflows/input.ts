import { isResourceId } from '@bakehouse/base';
import type {
  BakeId,
  ImageId,
  InstanceId,
  NatGatewayId,
  NetworkInterfaceId,
  SnapshotId,
  VolumeId,
} from '@bakehouse/domain';
import * as v from 'valibot';

/** Schemas of what workflows' inputs consist of. A row is checked when it is read back: another version wrote it. */
const id = <Id extends string>(prefix: string) =>
  v.custom<Id>(
    (value) => typeof value === 'string' && isResourceId(prefix, value),
    `an id of the form ${prefix}-… is expected`,
  );

export const inputFields = {
  bakeId: id<BakeId>('bake'),
  imageId: id<ImageId>('ami'),
  instanceId: id<InstanceId>('i'),
  natGatewayId: id<NatGatewayId>('nat'),
  /** Of a network interface with an instance. */
  attachmentId: id<`eni-attach-${string}`>('eni-attach'),
  nicId: id<NetworkInterfaceId>('eni'),
  snapshotId: id<SnapshotId>('snap'),
  volumeId: id<VolumeId>('vol'),
  /** Counts an instance's starts. */
  generation: v.pipe(v.number(), v.integer()),
};

/** Reads an input; throws when it has not exactly these members. */
export function inputReader<const Entries extends v.ObjectEntries>(entries: Entries) {
  const schema = v.strictObject(entries);
  return (value: unknown) => v.parse(schema, value);
}
