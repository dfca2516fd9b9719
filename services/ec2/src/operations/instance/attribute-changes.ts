import type { Ec2Input } from '@bakehouse/aws-model';
import {
  apiError,
  checkAddressCount,
  checkAttachments,
  checkInterfaceCount,
  checkState,
  ephemeralDisksOf,
  findInstanceType,
  type Instance,
  interfacesOf,
  privateIpsOf,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import type { ControlTransaction } from '@bakehouse/workflow-engine';
import {
  checkEbsOptimized,
  checkUserData,
  creditsOf,
  shutdownBehavior,
} from '../../launch/instance-options.ts';
import { launchType, refuseTypeHere } from '../../launch/launch-type.ts';
import { ownedById } from '../../lookup/lookups.ts';
import { attributeList, attributeValue } from '../../request/attributes.ts';
import { oneOf } from '../../request/text.ts';
import { changeBlockDevices } from './change-block-devices.ts';
import { type ChangeScope, changeGroups, changeSourceDestCheck } from './change-interface.ts';

/** The attributes that ModifyInstanceAttribute changes. */
export type AttributeRequest = Omit<
  Ec2Input<'ModifyInstanceAttribute'>,
  'InstanceId' | 'DryRun' | 'Attribute' | 'Value' | 'EnclaveOptions'
>;

export type ChangeableMember = keyof AttributeRequest;

/** The attributes that are lists, with their parameters of EC2's Query API. */
export const listParameters = {
  blockDeviceMapping: 'BlockDeviceMapping.N',
  groupSet: 'GroupId.N',
} as const;

interface AttributeChange {
  /** True when EC2 changes it on stopped instances only. */
  readonly stopped: boolean;
  /** True when a running guest reads it from its metadata. */
  readonly seenByGuest?: boolean;
  /** The changed record; records of other kinds it puts itself. */
  change(
    instance: Instance,
    request: AttributeRequest,
    scope: ChangeScope,
  ): Instance | Promise<Instance>;
}

const unsupported = (message: string) => apiError('UnsupportedOperation', { message });

async function changeType(
  instance: Instance,
  { InstanceType: wanted }: AttributeRequest,
  { tx, context }: ChangeScope,
): Promise<Instance> {
  const type = launchType(attributeValue(wanted), instance);
  refuseTypeHere(type, context.settings);
  const nics = await interfacesOf(tx, instance.id);
  checkInterfaceCount(type, nics.length);
  for (const nic of nics) checkAddressCount(type, privateIpsOf(nic).length);
  // Cores and threads are the new type's, as in EC2.
  const { cpuCredits: before, cpuOptions: _, ...rest } = instance;
  const ephemeralDisks = ephemeralDisksOf(type, instance.ephemeralDisks);
  checkAttachments(`The instance '${instance.id}' of type ${type.name}`, {
    volumes: instance.volumes.length,
    ephemeralDisks: ephemeralDisks.length,
    interfaces: nics.length,
  });
  return {
    ...rest,
    instanceType: type.name,
    ephemeralDisks,
    ...creditsOf(type, before),
  };
}

function changeEbsOptimized(
  instance: Instance,
  { EbsOptimized: wanted }: AttributeRequest,
): Instance {
  const type = launchType(instance.instanceType, instance);
  return { ...instance, ebsOptimized: checkEbsOptimized(type, attributeValue(wanted)) };
}

function changeUserData(instance: Instance, { UserData: wanted }: AttributeRequest): Instance {
  const { userDataBase64: _, ...rest } = instance;
  const base64 = checkUserData(Buffer.from(attributeValue(wanted)).toString('base64'));
  return base64 === undefined ? rest : { ...rest, userDataBase64: base64 };
}

function changeSriov(instance: Instance, { SriovNetSupport: wanted }: AttributeRequest): Instance {
  const sriovNetSupport = oneOf('sriovNetSupport', attributeValue(wanted), ['simple']);
  return { ...instance, sriovNetSupport };
}

function changeEna(instance: Instance, { EnaSupport: wanted }: AttributeRequest): Instance {
  const enaSupport = attributeValue(wanted);
  if (!enaSupport && findInstanceType(instance.instanceType)?.ena === 'required') {
    throw apiError('InvalidParameterCombination', {
      message: `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${instance.instanceType}' instance type.`,
    });
  }
  return { ...instance, enaSupport };
}

function changeKernel(instance: Instance): Instance {
  if (instance.boot.kind === 'disk') {
    throw apiError('InvalidParameterCombination', {
      message: `The instance '${instance.id}' has the virtualization type 'hvm' and boots its own kernel`,
    });
  }
  throw unsupported('Kernels and RAM disks of paravirtual instances are not supported yet');
}

/** How each member of ModifyInstanceAttribute changes an instance. */
export const attributeChanges: Record<ChangeableMember, AttributeChange> = {
  BlockDeviceMappings: {
    stopped: false,
    change: (instance, request, { tx }) =>
      changeBlockDevices(
        tx,
        instance,
        attributeList(request.BlockDeviceMappings, listParameters.blockDeviceMapping),
      ),
  },
  DisableApiStop: {
    stopped: false,
    change: (instance, { DisableApiStop: wanted }) => ({
      ...instance,
      disableApiStop: attributeValue(wanted),
    }),
  },
  DisableApiTermination: {
    stopped: false,
    change: (instance, { DisableApiTermination: wanted }) => ({
      ...instance,
      disableApiTermination: attributeValue(wanted),
    }),
  },
  EbsOptimized: {
    stopped: true,
    change: changeEbsOptimized,
  },
  EnaSupport: { stopped: true, change: changeEna },
  Groups: {
    stopped: false,
    seenByGuest: true,
    change: (instance, request, scope) =>
      changeGroups(instance, attributeList(request.Groups, listParameters.groupSet), scope),
  },
  InstanceInitiatedShutdownBehavior: {
    stopped: false,
    change: (instance, { InstanceInitiatedShutdownBehavior: wanted }) => ({
      ...instance,
      shutdownBehavior: shutdownBehavior(attributeValue(wanted)),
    }),
  },
  InstanceType: { stopped: true, change: changeType },
  Kernel: { stopped: true, change: changeKernel },
  Ramdisk: { stopped: true, change: changeKernel },
  SourceDestCheck: {
    stopped: false,
    change: (instance, { SourceDestCheck: wanted }, scope) =>
      changeSourceDestCheck(instance, attributeValue(wanted), scope),
  },
  SriovNetSupport: { stopped: true, change: changeSriov },
  UserData: { stopped: true, change: changeUserData },
};

/** The change of one attribute, and its value in the request. */
export interface AskedChange {
  readonly member: ChangeableMember;
  readonly request: AttributeRequest;
}

/** Changes the attribute and returns the instance as it was before. */
export async function changeAttribute(
  tx: ControlTransaction,
  context: OperationContext,
  id: string | undefined,
  { member, request }: AskedChange,
): Promise<Instance> {
  const before = await ownedById(tx, context, 'instance', id);
  const { stopped, change } = attributeChanges[member];
  checkState(
    'instance',
    before,
    stopped ? 'ModifyInstanceAttribute at rest' : 'ModifyInstanceAttribute',
  );
  const after = await change(before, request, { tx, context });
  if (after !== before) await tx.put('instance', after);
  return before;
}
