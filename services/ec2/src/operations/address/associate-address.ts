import {
  apiError,
  type ElasticAddress,
  elasticAddressesOf,
  withoutAssociation,
  withoutPublicIp,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import { actOnInterfaces } from '../../network/act-on-interfaces.ts';
import type { Operation } from '../../operation.ts';
import { type AssociationTarget, associationTarget } from './association-target.ts';
import { namedAddress, refuseFixed } from './find-address.ts';

type Association = NonNullable<ElasticAddress['association']>;

interface Wanted {
  readonly address: ElasticAddress;
  readonly target: AssociationTarget;
  /** Only an explicit `false` keeps what is associated. */
  readonly mayMove: boolean;
}

/** Ends the associations that this one replaces: of the address with another target, of the target with another address. */
async function makeRoom(
  tx: ControlTransaction,
  context: OperationContext,
  { address, target: { nic, privateIp }, mayMove }: Wanted,
): Promise<void> {
  await refuseFixed(tx, context, address);
  if (address.association && !mayMove) {
    throw apiError('Resource.AlreadyAssociated', {
      message: `resource ${address.id} is already associated with associate-id ${address.association.id}`,
    });
  }
  const others = await elasticAddressesOf(tx, nic.id);
  const other = others.find(({ association }) => association?.privateIp === privateIp);
  if (!other) return;
  if (!mayMove) {
    throw apiError('Resource.AlreadyAssociated', {
      message: `resource ${nic.id} and ${privateIp} is already associated with public address ${other.publicIp}`,
    });
  }
  await tx.put('elasticAddress', withoutAssociation(other));
}

/** The automatic address of the same private one goes back to the pool. */
async function putAssociation(
  tx: ControlTransaction,
  context: OperationContext,
  { address, target: { nic, privateIp } }: Wanted,
): Promise<Association> {
  const association = { id: context.ids.resource('eipassoc'), nicId: nic.id, privateIp };
  await tx.put('elasticAddress', { ...address, association });
  if (privateIp === nic.privateIp && nic.publicIp) {
    await tx.put('networkInterface', withoutPublicIp(nic));
  }
  return association;
}

/** The address is in force, and in the metadata of running guests, before the reply. */
export const associateAddress: Operation<'AssociateAddress'> = async (context, request) => {
  await context.untilWorking();
  const id = await actOnInterfaces(context, async (tx) => {
    const address = await namedAddress(tx, context, request);
    const target = await associationTarget(tx, context, request);
    const { association: before } = address;
    const isSame = before?.nicId === target.nic.id && before.privateIp === target.privateIp;
    if (before && isSame) return { nicIds: [], result: before.id };
    const wanted = { address, target, mayMove: request.AllowReassociation !== false };
    await makeRoom(tx, context, wanted);
    const made = await putAssociation(tx, context, wanted);
    return { nicIds: [made.nicId, ...(before ? [before.nicId] : [])], result: made.id };
  });
  return { AssociationId: id };
};
