import {
  apiError,
  type Capacity,
  freeAddressCount,
  freePublicIp,
  freePublicIpCount,
  type Instance,
  type InstanceId,
  type LaunchDraw,
  type LaunchFacts,
  type LaunchRecords,
  type MetadataReader,
  planLaunch,
  type Subnet,
  withLaunch,
} from '@bakehouse/domain';
import {
  type MeasuredRoom,
  measureRoom,
  noRoom,
  type OperationContext,
  roomLeft,
  startInstanceWorkflow,
} from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { writeWithRoom } from '../../capacity/disk-room.ts';
import { defaultInstanceType, launchFacts } from '../../launch/launch-facts.ts';
import {
  type LaunchParameters,
  launchRequest,
  type MergedLaunch,
} from '../../launch/launch-parameters.ts';
import { typeNamed } from '../../launch/launch-type.ts';
import { drawAddresses, namedAddresses } from '../../network/asked-addresses.ts';
import type { Operation } from '../../operation.ts';
import { repeatedIds, withClientToken } from '../../request/client-token.ts';
import { launchReply, readReservations } from '../../views/reservation.ts';

/** More at once are refused: a local machine has no room for them. */
const instancesPerCallMax = 200;

function checkCounts({ MinCount: min, MaxCount: max }: LaunchParameters): void {
  if (min < 1 || max < 1) {
    throw apiError('InvalidParameterValue', {
      parameter: min < 1 ? 'minCount' : 'maxCount',
      value: Math.min(min, max),
      hint: 'It must be at least 1',
    });
  }
  if (max < min) {
    throw apiError('InvalidParameterCombination', {
      message: `MinCount (${min}) must not be larger than MaxCount (${max})`,
    });
  }
  if (min > instancesPerCallMax) {
    throw apiError('InstanceLimitExceeded', { max: instancesPerCallMax, wanted: min });
  }
}

/** Addresses of one instance, none used twice: those of earlier ones are in the records. */
async function drawOne(
  tx: ControlTransaction,
  context: OperationContext,
  { placement }: LaunchFacts,
): Promise<Omit<LaunchDraw, 'launchIndex'>> {
  const addresses: LaunchDraw['addresses'][number][] = [];
  const except = new Set<string>(
    placement.interfaces.flatMap((each) => (each.kind === 'new' ? namedAddresses(each.asked) : [])),
  );
  for (const each of placement.interfaces) {
    const drawn =
      each.kind === 'new' ? await drawAddresses(tx, context, { ...each, except }) : undefined;
    for (const address of drawn ? [drawn.privateIp, ...drawn.secondaryIps] : [])
      except.add(address);
    addresses.push(drawn);
  }
  if (!placement.publicIp) return { addresses };
  const draw = Buffer.from(context.ids.bytes(4)).readUInt32BE(0);
  return { addresses, publicIp: await freePublicIp(tx, context.settings.publicCidr, draw) };
}

async function commitLaunch(
  tx: ControlTransaction,
  { instance, nics, volumes }: LaunchRecords,
): Promise<InstanceId> {
  for (const nic of nics) await tx.put('networkInterface', nic);
  for (const volume of volumes) await tx.put('volume', volume);
  await tx.put('instance', instance);
  const { id: instanceId, generation } = instance;
  await startInstanceWorkflow.enqueue(tx, { instanceId, generation, firstLaunch: true });
  return instance.id;
}

/** How many addresses an instance takes of each subnet. */
function addressesNeeded({ interfaces }: LaunchFacts['placement']): ReadonlyMap<Subnet, number> {
  const needed = new Map<string, [Subnet, number]>();
  for (const each of interfaces) {
    if (each.kind === 'existing') continue;
    const { subnet, asked } = each;
    const [, before] = needed.get(subnet.id) ?? [subnet, 0];
    needed.set(subnet.id, [subnet, before + 1 + asked.secondary.length + asked.secondaryCount]);
  }
  return new Map(needed.values());
}

/** How many instances can have the addresses that a launch needs, counted up to `max`. */
async function addressedCount(
  tx: ControlTransaction,
  { settings }: OperationContext,
  { placement, max }: { placement: LaunchFacts['placement']; max: number },
): Promise<number> {
  let inSubnet = max;
  for (const [subnet, needed] of addressesNeeded(placement)) {
    inSubnet = Math.min(inSubnet, Math.floor((await freeAddressCount(tx, subnet)) / needed));
  }
  if (!placement.publicIp) return inSubnet;
  return await freePublicIpCount(tx, settings.publicCidr, inSubnet);
}

interface LaunchSizing {
  readonly facts: LaunchFacts;
  readonly parameters: LaunchParameters;
  readonly capacity: Capacity;
}

/**
 * As many as there is room and addresses for, from MinCount to MaxCount. With too few addresses for MinCount, the
 * draw that finds none left refuses the launch.
 */
async function launchCount(
  tx: ControlTransaction,
  context: OperationContext,
  { facts, parameters, capacity }: LaunchSizing,
): Promise<number> {
  const { MinCount: min, MaxCount } = parameters;
  if (capacity.count < min) throw noRoom(capacity.shortage);
  const max = Math.min(MaxCount, instancesPerCallMax, capacity.count);
  if (max === min) return min;
  return Math.max(min, await addressedCount(tx, context, { placement: facts.placement, max }));
}

async function launchAll(
  tx: ControlTransaction,
  context: OperationContext,
  { request, room }: { request: MergedLaunch; room: MeasuredRoom | undefined },
): Promise<readonly InstanceId[]> {
  const { parameters } = request;
  const facts = await launchFacts(tx, context, request);
  const capacity = room ? await roomLeft(tx, room) : { count: 0 };
  const count = await launchCount(tx, context, { facts, parameters, capacity });
  const instanceIds: InstanceId[] = [];
  for (let launchIndex = 0; launchIndex < count; launchIndex += 1) {
    const draw = await drawOne(tx, context, facts);
    const records = planLaunch(facts, { launchIndex, ...draw }, context.ids);
    instanceIds.push(await commitLaunch(tx, records));
  }
  await tx.put('image', withLaunch(facts.image, context.now));
  return instanceIds;
}

/** The room for the requested machines; undefined for an unknown type, which the transaction refuses. */
async function roomFor(
  context: OperationContext,
  { InstanceType: name = defaultInstanceType, MaxCount: max }: LaunchParameters,
): Promise<MeasuredRoom | undefined> {
  const type = typeNamed(name);
  const count = Math.min(max, instancesPerCallMax);
  return type && (await measureRoom(context, { memoryMiB: type.memoryMiB, count }));
}

async function launchedReply(reader: MetadataReader, launched: readonly InstanceId[]) {
  const instances: Instance[] = [];
  for (const id of launched) {
    const instance = await reader.get('instance', id);
    if (instance) instances.push(instance);
  }
  const [reservation] = await readReservations(reader, instances);
  return reservation ? launchReply(reservation) : {};
}

/** Records the instances as pending; workflows start the machines. */
export const runInstances: Operation<'RunInstances'> = async (context, request) => {
  checkCounts(request);
  const use = { operation: 'RunInstances', token: request.ClientToken, request };
  const before = await context.read(async (reader) => {
    const repeated = await repeatedIds<InstanceId>(reader, context, use);
    if (repeated) return { reply: await launchedReply(reader, repeated) };
    return { merged: await launchRequest(reader, context, request) };
  });
  if (before.reply) return before.reply;
  const { merged } = before;
  const room = await roomFor(context, merged.parameters);
  return await writeWithRoom(context, async (tx, claimRoom) => {
    const launched = await withClientToken(tx, context, use, async () => {
      const instanceIds = await launchAll(tx, context, { request: merged, room });
      claimRoom();
      return instanceIds;
    });
    return await launchedReply(tx, launched);
  });
};
