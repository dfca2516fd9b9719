import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  type ElasticAddress,
  type MetadataReader,
  macAddress,
  type NatGateway,
  type NatGatewayId,
  type NetworkInterface,
  planInterface,
  type Subnet,
} from '@bakehouse/domain';
import { createNatGatewayWorkflow, type OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { ownedById } from '../../lookup/lookups.ts';
import { ownQuery } from '../../lookup/owned-steps.ts';
import { checkPrivateIp, drawPrivateIps } from '../../network/private-ips.ts';
import { networkQuotas } from '../../network/quotas.ts';
import type { Operation } from '../../operation.ts';
import { withClientToken } from '../../request/client-token.ts';
import { refuseUnserved } from '../../request/refusals.ts';
import { tagsFor } from '../../request/tags.ts';
import { natGatewayView } from '../../views/nat-gateway.ts';

type Request = Ec2Input<'CreateNatGateway'>;

/** Gateways here have one address and are in one zone. */
const unserved = [
  'AvailabilityMode',
  'AvailabilityZoneAddresses',
  'SecondaryAllocationIds',
  'SecondaryPrivateIpAddressCount',
  'SecondaryPrivateIpAddresses',
  'VpcId',
] as const satisfies readonly (keyof Request)[];

interface GatewayFacts {
  readonly subnet: Subnet;
  readonly connectivity: NatGateway['connectivity'];
  /** With public connectivity. */
  readonly elastic?: ElasticAddress;
}

async function elasticFor(
  reader: MetadataReader,
  context: OperationContext,
  { AllocationId: id, ConnectivityType: connectivity = 'public' }: Request,
): Promise<ElasticAddress | undefined> {
  if (connectivity === 'private') {
    if (!id) return undefined;
    throw apiError('InvalidParameterCombination', {
      message: 'An allocation ID cannot be specified for a NAT gateway with private connectivity',
    });
  }
  if (!id) throw apiError('MissingParameter', { parameter: 'AllocationId' });
  const { accountId, region } = context;
  const found = await reader.get('elasticAddress', id);
  if (found?.ownerId !== accountId || found.region !== region) {
    throw apiError('InvalidElasticIpID.NotFound', { id });
  }
  if (!found.association) return found;
  throw apiError('Resource.AlreadyAssociated', {
    message: `Elastic IP address [${id}] is already associated`,
  });
}

const max = networkQuotas.natGatewaysPerZone;

/** Refuses one more gateway in a zone that has as many as it can. */
async function checkGatewayCount(
  reader: MetadataReader,
  context: OperationContext,
  { zone }: Subnet,
): Promise<void> {
  const where = { state: ['pending', 'available', 'deleting'] };
  const gateways = await reader.list('natGateway', ownQuery(context, { where }));
  const subnets = await reader.getMany(
    'subnet',
    gateways.map(({ subnetId }) => subnetId),
  );
  if (subnets.filter((subnet) => subnet?.zone === zone).length < max) return;
  throw apiError('NatGatewayLimitExceeded', { max, of: `zone ${zone}` });
}

async function gatewayFacts(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<GatewayFacts> {
  if (!request.SubnetId) throw apiError('MissingParameter', { parameter: 'SubnetId' });
  const subnet = await ownedById(reader, context, 'subnet', request.SubnetId);
  await checkGatewayCount(reader, context, subnet);
  const elastic = await elasticFor(reader, context, request);
  const connectivity = request.ConnectivityType ?? 'public';
  return { subnet, connectivity, ...(elastic ? { elastic } : {}) };
}

/** The gateway's own interface: it shows where its address is, and cannot be changed by users. */
async function gatewayInterface(
  tx: ControlTransaction,
  context: OperationContext,
  { id, subnet, privateIp }: { id: NatGatewayId; subnet: Subnet; privateIp: string | undefined },
): Promise<NetworkInterface> {
  if (privateIp) await checkPrivateIp(tx, subnet, privateIp);
  const [chosen] = privateIp
    ? [privateIp]
    : await drawPrivateIps(tx, context, { subnet, count: 1 });
  const { accountId, region, now, ids, settings } = context;
  const nic = planInterface({
    id: ids.resource('eni'),
    ownerId: accountId,
    region,
    tags: {},
    createdAt: now,
    hostId: settings.hostId,
    subnet,
    groups: [],
    description: `Interface for NAT Gateway ${id}`,
    macAddress: macAddress(ids),
    privateIp: chosen ?? '',
    associatePublicIp: false,
  });
  return { ...nic, kind: 'nat_gateway', sourceDestCheck: false, status: 'in-use' };
}

async function makeGateway(
  tx: ControlTransaction,
  context: OperationContext,
  request: Request,
): Promise<NatGatewayId> {
  const { subnet, connectivity, elastic } = await gatewayFacts(tx, context, request);
  const { accountId: ownerId, region, now: createdAt, ids } = context;
  const id = ids.resource('nat');
  const privateIp = request.PrivateIpAddress;
  const nic = await gatewayInterface(tx, context, { id, subnet, privateIp });
  await tx.put('networkInterface', nic);
  const association = { id: ids.resource('eipassoc'), nicId: nic.id, privateIp: nic.privateIp };
  if (elastic) await tx.put('elasticAddress', { ...elastic, association });
  const { publicIp, id: allocationId } = elastic ?? {};
  const ofElastic =
    publicIp && allocationId ? { allocationId, publicIp, associationId: association.id } : {};
  const gateway: NatGateway = {
    id,
    ownerId,
    region,
    tags: tagsFor('natgateway', request.TagSpecifications, ['natgateway']),
    createdAt,
    vpcId: subnet.vpcId,
    subnetId: subnet.id,
    connectivity,
    state: 'pending',
    addresses: [{ nicId: nic.id, privateIp: nic.privateIp, ...ofElastic, isPrimary: true }],
  };
  await tx.put('natGateway', gateway);
  await createNatGatewayWorkflow.enqueue(tx, { natGatewayId: id });
  return id;
}

/** Records the gateway as `pending`; a workflow puts it into force. */
export const createNatGateway: Operation<'CreateNatGateway'> = async (context, request) => {
  refuseUnserved(request, unserved, { AvailabilityMode: 'zonal' });
  const { ClientToken: token } = request;
  const use = { operation: 'CreateNatGateway', token, request };
  const gateway = await context.write(async (tx) => {
    const [id] = await withClientToken(tx, context, use, async () => [
      await makeGateway(tx, context, request),
    ]);
    return await ownedById(tx, context, 'natGateway', id);
  });
  return { ...(token ? { ClientToken: token } : {}), NatGateway: natGatewayView(gateway) };
};
