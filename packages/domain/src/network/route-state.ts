import type { MetadataReader } from '../ports/metadata-store.ts';
import type { VpcId } from '../records/common.ts';
import type { RouteEntryTarget } from '../records/routing.ts';

type Checks = {
  readonly [Kind in RouteEntryTarget['kind']]: (
    reader: MetadataReader,
    vpcId: VpcId,
    id: string,
  ) => Promise<boolean>;
};

const checks: Checks = {
  'internet-gateway': async (reader, vpcId, id) =>
    (await reader.get('internetGateway', id))?.vpcId === vpcId,
  'nat-gateway': async (reader, vpcId, id) => {
    const gateway = await reader.get('natGateway', id);
    return gateway?.vpcId === vpcId && ['pending', 'available'].includes(gateway.state);
  },
  interface: async (reader, vpcId, id) => {
    const nic = await reader.get('networkInterface', id);
    return nic?.vpcId === vpcId && nic.attachment !== undefined;
  },
};

/** Whether a route of the VPC leads to its target; otherwise it is a black hole. */
export async function isLiveTarget(
  reader: MetadataReader,
  vpcId: VpcId,
  { kind, id }: RouteEntryTarget,
): Promise<boolean> {
  return await checks[kind](reader, vpcId, id);
}
