import { isDeepStrictEqual } from 'node:util';
import { type Ec2Input, readBase64, readBoolean } from '@bakehouse/aws-model';
import { apiError } from '@bakehouse/domain';
import { published, publishMetadataWorkflow } from '@bakehouse/orchestration';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { attributeList, attributeValue, oneAttribute } from '../../request/attributes.ts';
import { badUserData, unknownAttribute } from '../../request/refusals.ts';
import {
  type AskedChange,
  type AttributeRequest,
  attributeChanges,
  type ChangeableMember,
  changeAttribute,
  listParameters,
} from './attribute-changes.ts';
import type { AttributeName } from './describe-instance-attribute.ts';

type Request = Ec2Input<'ModifyInstanceAttribute'>;

const isTrue = (text: string) => {
  const value = readBoolean(text);
  if (value !== undefined) return value;
  throw apiError('InvalidParameterValue', {
    parameter: 'Value',
    value: text,
    kind: 'boolean',
  });
};

const bytesOf = (text: string) => {
  const bytes = readBase64(text);
  if (bytes) return bytes;
  throw badUserData();
};

/** The member of the request that each attribute has; other attributes cannot be changed. */
const members = {
  blockDeviceMapping: 'BlockDeviceMappings',
  disableApiStop: 'DisableApiStop',
  disableApiTermination: 'DisableApiTermination',
  ebsOptimized: 'EbsOptimized',
  enaSupport: 'EnaSupport',
  groupSet: 'Groups',
  instanceInitiatedShutdownBehavior: 'InstanceInitiatedShutdownBehavior',
  instanceType: 'InstanceType',
  kernel: 'Kernel',
  ramdisk: 'Ramdisk',
  sourceDestCheck: 'SourceDestCheck',
  sriovNetSupport: 'SriovNetSupport',
  userData: 'UserData',
} satisfies Partial<Record<AttributeName, ChangeableMember>>;

type ChangeableAttribute = keyof typeof members;

/** Every change of these is refused, in words of its own: requests may name them, but none is proposed. */
const neverChanged: readonly string[] = ['kernel', 'ramdisk'];

function checkChangeable(name: string): asserts name is ChangeableAttribute {
  if (Object.hasOwn(members, name)) return;
  const proposed = Object.keys(members).filter((each) => !neverChanged.includes(each));
  throw unknownAttribute(name, proposed);
}

type ListAttribute = keyof typeof listParameters;

const isList = (attribute: ChangeableAttribute): attribute is ListAttribute =>
  Object.hasOwn(listParameters, attribute);

/** The older form, `Attribute` and `Value` as text, as the member of the newer one. */
const fromText: Record<
  Exclude<ChangeableAttribute, ListAttribute>,
  (value: string) => AttributeRequest
> = {
  disableApiStop: (value) => ({ DisableApiStop: { Value: isTrue(value) } }),
  disableApiTermination: (value) => ({ DisableApiTermination: { Value: isTrue(value) } }),
  ebsOptimized: (value) => ({ EbsOptimized: { Value: isTrue(value) } }),
  enaSupport: (value) => ({ EnaSupport: { Value: isTrue(value) } }),
  instanceInitiatedShutdownBehavior: (value) => ({
    InstanceInitiatedShutdownBehavior: { Value: value },
  }),
  instanceType: (value) => ({ InstanceType: { Value: value } }),
  kernel: (value) => ({ Kernel: { Value: value } }),
  ramdisk: (value) => ({ Ramdisk: { Value: value } }),
  sourceDestCheck: (value) => ({ SourceDestCheck: { Value: isTrue(value) } }),
  sriovNetSupport: (value) => ({ SriovNetSupport: { Value: value } }),
  userData: (value) => ({ UserData: { Value: bytesOf(value) } }),
};

/** The members given, by EC2's names of their attributes. */
function givenAttributes(
  request: AttributeRequest,
): Readonly<Record<ChangeableAttribute, unknown>> {
  const given = Object.entries(members).map(([name, member]) => [name, request[member]]);
  return Object.fromEntries(given);
}

/** The change in its newer form, whichever form the request has. One value in both forms is one value. */
function newerForm(request: Request, attribute: ChangeableAttribute): AttributeRequest {
  const {
    Attribute: _,
    Value: text,
    InstanceId: __,
    DryRun: ___,
    EnclaveOptions: ____,
    ...given
  } = request;
  if (text === undefined) return given;
  if (isList(attribute)) {
    throw apiError('InvalidParameterCombination', {
      message: `The attribute ${attribute} is a list: give it as ${listParameters[attribute]}, not as Value`,
    });
  }
  const converted = fromText[attribute](text);
  for (const [name, value] of Object.entries(converted)) {
    const other = given[name as ChangeableMember];
    if (other === undefined || isDeepStrictEqual(other, value)) continue;
    throw apiError('InvalidParameterCombination', {
      message: `The attribute ${attribute} has two values: one of Value and one of ${name}`,
    });
  }
  return converted;
}

/** Throws when the attribute is named without what it becomes. */
function checkValue(attribute: ChangeableAttribute, request: AttributeRequest): void {
  if (isList(attribute)) {
    attributeList<unknown>(request[members[attribute]], listParameters[attribute]);
  } else attributeValue<unknown>(request[members[attribute]]);
}

/** The one attribute that the request changes. */
function asked(request: Request): AskedChange {
  const { Attribute: named } = request;
  if (request.EnclaveOptions !== undefined) {
    throw apiError('UnsupportedOperation', {
      message: 'Enclaves are not supported on this platform',
    });
  }
  if (named !== undefined) checkChangeable(named);
  const attribute = oneAttribute(givenAttributes(request), named);
  if (request.Value !== undefined && named === undefined) {
    throw apiError('MissingParameter', { parameter: 'attribute' });
  }
  const change = newerForm(request, attribute);
  checkValue(attribute, change);
  return { member: members[attribute], request: change };
}

/** What the network enforces. */
const enforced: ReadonlySet<ChangeableMember> = new Set(['Groups', 'SourceDestCheck']);

/** Changes one attribute. For a running instance the change is in force before the reply. */
export const modifyInstanceAttribute: Operation<'ModifyInstanceAttribute'> = async (
  context,
  request,
) => {
  const change = asked(request);
  const { seenByGuest } = attributeChanges[change.member];
  // The reply waits until guests can read the change; while the server starts, nothing can publish it.
  if (seenByGuest) await context.untilWorking();
  const work = await context.write(async (tx) => {
    const before = await changeAttribute(tx, context, request.InstanceId, change);
    const isSeen = seenByGuest && before.state === 'running';
    return isSeen
      ? await publishMetadataWorkflow.enqueue(tx, { instanceId: before.id })
      : undefined;
  });
  if (enforced.has(change.member)) await enforcePolicy(context);
  await published(context, work);
  return {};
};
