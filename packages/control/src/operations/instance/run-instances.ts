import {
  apiError,
  type Capacity,
  findInstanceType,
  type Instance,
  type InstanceId,
} from '@bakehouse/domain';
import { withClientToken } from '../../client-token.ts';
import type { OperationContext } from '../../context.ts';
import { defaultInstanceType, launchFacts } from '../../launch/launch-facts.ts';
import { type LaunchParameters, launchRequest } from '../../launch/launch-parameters.ts';
import { type LaunchFacts, type LaunchRecords, planLaunch } from '../../launch/plan-launch.ts';
import { type MeasuredRoom, measureRoom, noRoom, roomLeft } from '../../launch/room.ts';
import { freePrivateIp, freePublicIp } from '../../network/addresses.ts';
import type { Operation } from '../../operation.ts';
import { storageRefusal } from '../../storage-room.ts';
import { readReservations } from '../../views/reservation.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { startInstanceKind } from '../../workflows/start-instance.ts';

/** More at once are refused: a local machine has no room for them. */
const instancesPerCallMax = 200;

function checkCounts({ MinCount: min, MaxCount: max }: LaunchParameters): void {
  if (min < 1 || max < 1) {
    throw apiError('InvalidParameterValue', {
      message: `Value (${Math.min(min, max)}) for parameter ${min < 1 ? 'minCount' : 'maxCount'} is invalid. It must be at least 1`,
    });
  }
  if (max < min) {
    throw apiError('InvalidParameterCombination', {
      message: `MinCount (${min}) must not be larger than MaxCount (${max})`,
    });
  }
  if (min > instancesPerCallMax) {
    throw apiError('InstanceLimitExceeded', {
      message: `At most ${instancesPerCallMax} instances can be launched by one call, ${min} were asked for`,
    });
  }
}

/** Addresses for each instance, none used twice. */
async function drawAddresses(
  tx: ControlTransaction,
  context: OperationContext,
  facts: LaunchFacts,
) {
  const { subnet, privateIp, publicIp } = facts.placement;
  const draw = () => Buffer.from(context.ids.bytes(4)).readUInt32BE(0);
  const chosen = privateIp ?? (await freePrivateIp(tx, subnet, draw()));
  if (!publicIp) return { privateIp: chosen };
  return {
    privateIp: chosen,
    publicIp: await freePublicIp(tx, context.settings.publicCidr, draw()),
  };
}

async function commitLaunch(
  tx: ControlTransaction,
  context: OperationContext,
  { instance, nic, volumes }: LaunchRecords,
): Promise<InstanceId> {
  await tx.put('networkInterface', nic);
  for (const volume of volumes) await tx.put('volume', volume);
  await tx.put('instance', instance);
  await tx.enqueue({
    kind: startInstanceKind,
    region: context.region,
    lanes: [instance.id, ...volumes.map((volume) => volume.id)],
    input: { instanceId: instance.id, generation: instance.generation, firstLaunch: true },
  });
  return instance.id;
}

/** As many as there is room for, from MinCount to MaxCount. */
function launchCount({ MinCount, MaxCount }: LaunchParameters, capacity: Capacity): number {
  if (capacity.count < MinCount) throw noRoom(capacity.shortage);
  return Math.min(MaxCount, instancesPerCallMax, capacity.count);
}

async function launchAll(
  tx: ControlTransaction,
  context: OperationContext,
  { request, room }: { request: LaunchParameters; room: MeasuredRoom | undefined },
): Promise<readonly InstanceId[]> {
  const facts = await launchFacts(tx, context, await launchRequest(tx, context, request));
  const count = launchCount(request, room ? await roomLeft(tx, room) : { count: 0 });
  const instanceIds: InstanceId[] = [];
  for (let launchIndex = 0; launchIndex < count; launchIndex += 1) {
    const addresses = await drawAddresses(tx, context, facts);
    const records = planLaunch(facts, { launchIndex, ...addresses }, context.ids);
    instanceIds.push(await commitLaunch(tx, context, records));
  }
  await tx.put('image', { ...facts.image, lastLaunchedAt: context.now });
  return instanceIds;
}

/** Room for the machines asked for. A type that does not exist is refused later, with all else that is wrong. */
async function roomFor(
  context: OperationContext,
  request: LaunchParameters,
): Promise<MeasuredRoom | undefined> {
  const { parameters } = await context.read((reader) => launchRequest(reader, context, request));
  const type = findInstanceType(parameters.InstanceType ?? defaultInstanceType);
  const count = Math.min(request.MaxCount, instancesPerCallMax);
  return type && (await measureRoom(context, { memoryMiB: type.memoryMiB, count }));
}

/** Records the instances as pending and answers; machines are started by workflows. */
export const runInstances: Operation<'RunInstances'> = async (context, request) => {
  checkCounts(request);
  const use = { operation: 'RunInstances', token: request.ClientToken, request };
  const room = await roomFor(context, request);
  const refusal = await storageRefusal(context);
  return await context.write(async (tx) => {
    const launched = await withClientToken(tx, context, use, async () => {
      const instanceIds = await launchAll(tx, context, { request, room });
      if (refusal) throw refusal;
      return instanceIds;
    });
    const instances: Instance[] = [];
    for (const id of launched) {
      const instance = await tx.get('instance', id);
      if (instance) instances.push(instance);
    }
    const [reservation] = await readReservations(tx, instances);
    return reservation ?? {};
  });
};
