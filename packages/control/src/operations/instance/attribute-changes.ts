import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, findInstanceType, type Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { checkAttachments } from '../../launch/attachments.ts';
import { creditsOf } from '../../launch/cpu-credits.ts';
import { checkEbsOptimized } from '../../launch/ebs-optimized.ts';
import { ephemeralDisksOf } from '../../launch/ephemeral-disks.ts';
import { launchType } from '../../launch/launch-image.ts';
import { shutdownBehavior } from '../../launch/shutdown-behavior.ts';
import { checkUserData } from '../../launch/user-data.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { changeBlockDevices } from './change-block-devices.ts';
import { changeGroups } from './change-groups.ts';

/** ModifyInstanceAttribute without what says which instance and how. */
export type AttributeRequest = Omit<
  Ec2Input<'ModifyInstanceAttribute'>,
  'InstanceId' | 'DryRun' | 'Attribute' | 'Value'
>;

export interface ChangeScope {
  readonly tx: ControlTransaction;
  readonly context: OperationContext;
}

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

function required<Value>(attribute: { readonly Value?: Value | undefined } | undefined): Value {
  if (attribute?.Value === undefined) throw apiError('MissingParameter', { parameter: 'value' });
  return attribute.Value;
}

const unsupported = (message: string) => apiError('UnsupportedOperation', { message });

function changeType(instance: Instance, { InstanceType: wanted }: AttributeRequest): Instance {
  const type = launchType(required(wanted), instance);
  const { cpuCredits: before, ...rest } = instance;
  const ephemeralDisks = ephemeralDisksOf(type, instance.ephemeralDisks);
  checkAttachments(`The instance '${instance.id}' of type ${type.name}`, {
    volumes: instance.volumes.length,
    ephemeralDisks: ephemeralDisks.length,
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
  return { ...instance, ebsOptimized: checkEbsOptimized(type, required(wanted)) };
}

function changeUserData(instance: Instance, { UserData: wanted }: AttributeRequest): Instance {
  const { userDataBase64: _, ...rest } = instance;
  const base64 = checkUserData(Buffer.from(required(wanted)).toString('base64'));
  return base64 === undefined ? rest : { ...rest, userDataBase64: base64 };
}

function changeSriov(instance: Instance, { SriovNetSupport: wanted }: AttributeRequest): Instance {
  const value = required(wanted);
  if (value === 'simple') return { ...instance, sriovNetSupport: value };
  throw apiError('InvalidParameterValue', {
    message: `Value (${value}) for parameter sriovNetSupport is invalid. Expecting 'simple'`,
  });
}

function changeEna(instance: Instance, { EnaSupport: wanted }: AttributeRequest): Instance {
  const enaSupport = required(wanted);
  if (!enaSupport && findInstanceType(instance.instanceType)?.ena === 'required') {
    throw apiError('InvalidParameterCombination', {
      message: `Enhanced networking with the Elastic Network Adapter (ENA) is required for the '${instance.instanceType}' instance type.`,
    });
  }
  return { ...instance, enaSupport };
}

function keepSourceDestCheck(
  instance: Instance,
  { SourceDestCheck: wanted }: AttributeRequest,
): Instance {
  if (required(wanted)) return instance;
  throw unsupported(
    'The source/destination check cannot be turned off: guests of this platform only use addresses of their own',
  );
}

function changeKernel(instance: Instance): Instance {
  if (instance.virtualizationType === 'hvm') {
    throw apiError('InvalidParameterCombination', {
      message: `The instance '${instance.id}' has the virtualization type 'hvm' and boots its own kernel`,
    });
  }
  throw unsupported('Kernels and RAM disks of paravirtual instances are not supported yet');
}

/** How each member of ModifyInstanceAttribute changes an instance. */
export const attributeChanges: Record<keyof AttributeRequest, AttributeChange> = {
  BlockDeviceMappings: {
    stopped: false,
    change: (instance, request, { tx }) =>
      changeBlockDevices(tx, instance, request.BlockDeviceMappings ?? []),
  },
  DisableApiStop: {
    stopped: false,
    change: (instance, { DisableApiStop: wanted }) => ({
      ...instance,
      disableApiStop: required(wanted),
    }),
  },
  DisableApiTermination: {
    stopped: false,
    change: (instance, { DisableApiTermination: wanted }) => ({
      ...instance,
      disableApiTermination: required(wanted),
    }),
  },
  EbsOptimized: {
    stopped: true,
    change: changeEbsOptimized,
  },
  EnaSupport: { stopped: true, change: changeEna },
  EnclaveOptions: {
    stopped: true,
    change() {
      throw unsupported('Enclaves are not supported on this platform');
    },
  },
  Groups: {
    stopped: false,
    seenByGuest: true,
    change: (instance, request, scope) => changeGroups(instance, request.Groups ?? [], scope),
  },
  InstanceInitiatedShutdownBehavior: {
    stopped: false,
    change: (instance, { InstanceInitiatedShutdownBehavior: wanted }) => ({
      ...instance,
      shutdownBehavior: shutdownBehavior(required(wanted)),
    }),
  },
  InstanceType: { stopped: true, change: changeType },
  Kernel: { stopped: true, change: changeKernel },
  Ramdisk: { stopped: true, change: changeKernel },
  SourceDestCheck: { stopped: false, change: keepSourceDestCheck },
  SriovNetSupport: { stopped: true, change: changeSriov },
  UserData: { stopped: true, change: changeUserData },
};
