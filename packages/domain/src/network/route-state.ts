import type { MetadataReader } from '../ports/metadata-store.ts';
import type { VpcId } from '../records/common.ts';
import type { NatGateway } from '../records/nat-gateway.ts';
import type { NetworkInterface } from '../records/network.ts';
import type { RouteEntryTarget } from '../records/routing.ts';

/** Whether routes may lead to it. One that is being made counts: its routes may come first. */
export const isWorkingNatGateway = ({ state }: NatGateway): boolean =>
  state === 'pending' || state === 'available';

/** Whether routes of the VPC may lead to the interface. */
export const isRoutedInterface = (nic: NetworkInterface | undefined, vpcId: VpcId): boolean =>
  nic?.vpcId === vpcId && nic.attachment !== undefined;

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
    return gateway?.vpcId === vpcId && isWorkingNatGateway(gateway);
  },
  interface: async (reader, vpcId, id) =>
    isRoutedInterface(await reader.get('networkInterface', id), vpcId),
};

/** Whether a route of the VPC leads to its target; otherwise it is a black hole. */
export async function isLiveTarget(
  reader: MetadataReader,
  vpcId: VpcId,
  { kind, id }: RouteEntryTarget,
): Promise<boolean> {
  return await checks[kind](reader, vpcId, id);
}
