import type { Ec2Input } from '@bakehouse/aws-model';
import { apiError, type Instance } from '@bakehouse/domain';
import type { OperationContext } from '../../context.ts';
import { ownedById } from '../../lookups.ts';
import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import type { ControlTransaction } from '../../workflow/transaction.ts';
import { enqueuePublish, published } from '../../workflows/publish-metadata.ts';
import { type AttributeRequest, attributeChanges } from './attribute-changes.ts';
import { type AttributeName, checkAttributeName } from './describe-instance-attribute.ts';
import { checkState } from './instance-state-change.ts';

type Request = Ec2Input<'ModifyInstanceAttribute'>;

const isTrue = (text: string) => {
  if (text === 'true' || text === 'false') return text === 'true';
  throw apiError('InvalidParameterValue', {
    message: `Value (${text}) for parameter value is invalid. It must be true or false`,
  });
};

/** The older way to ask: `Attribute` and `Value` as text. */
const fromText: Partial<Record<AttributeName, (value: string) => Partial<AttributeRequest>>> = {
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
  userData: (value) => ({ UserData: { Value: Buffer.from(value, 'base64') } }),
};

function asked(request: Request): AttributeRequest {
  const { Attribute: name, Value: value, InstanceId: _, DryRun: __, ...members } = request;
  if (name === undefined) {
    if (value === undefined) return members;
    throw apiError('MissingParameter', { parameter: 'attribute' });
  }
  checkAttributeName(name);
  if (value === undefined) return members;
  const convert = fromText[name];
  if (convert) return { ...members, ...convert(value) };
  throw apiError('InvalidParameterCombination', {
    message: `The attribute ${name} cannot be given as a value`,
  });
}

/** EC2 changes one attribute at a time. */
function theOne(request: AttributeRequest): keyof AttributeRequest {
  const names = Object.entries(request)
    .filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
    .map(([name]) => name as keyof AttributeRequest);
  const [name, ...others] = names;
  if (name === undefined) throw apiError('MissingParameter', { parameter: 'attribute' });
  if (others.length === 0) return name;
  throw apiError('InvalidParameterCombination', {
    message: `Fields for multiple attribute types specified: ${names.join(', ')}. Change one attribute at a time, each by a request of its own`,
  });
}

const notEnded = ['pending', 'running', 'stopping', 'stopped'] as const;

interface Changed {
  readonly before: Instance;
  readonly name: keyof AttributeRequest;
}

async function modify(tx: ControlTransaction, context: OperationContext, request: Request) {
  const changes = asked(request);
  const name = theOne(changes);
  const before = await ownedById(tx, context, 'instance', request.InstanceId);
  const { stopped, change } = attributeChanges[name];
  checkState(before, stopped ? ['stopped'] : notEnded, `changed in its ${name}`);
  const after = await change(before, changes, { tx, context });
  if (after !== before) await tx.put('instance', after);
  return { before, name } satisfies Changed;
}

/** Changes one attribute; of a running instance, what it changes is in force when it answers. */
export const modifyInstanceAttribute: Operation<'ModifyInstanceAttribute'> = async (
  context,
  request,
) => {
  const { work, name } = await context.write(async (tx) => {
    const changed = await modify(tx, context, request);
    const seen = attributeChanges[changed.name].seenByGuest && changed.before.state === 'running';
    return { ...changed, work: seen ? await enqueuePublish(tx, changed.before) : undefined };
  });
  if (name === 'Groups') await enforcePolicy(context);
  await published(context, work);
  return {};
};
