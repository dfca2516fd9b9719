import { enforcePolicy } from '../../network/enforce-policy.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { type AskedChange, changeAttribute } from './attribute-changes.ts';

/** What each resettable attribute is reset to; a kernel or RAM disk is the image's own. */
const resets: Readonly<Record<string, AskedChange>> = {
  kernel: { member: 'Kernel', request: { Kernel: { Value: '' } } },
  ramdisk: { member: 'Ramdisk', request: { Ramdisk: { Value: '' } } },
  sourceDestCheck: { member: 'SourceDestCheck', request: { SourceDestCheck: { Value: true } } },
};

/** Only the attributes that EC2 resets. */
export const resetInstanceAttribute: Operation<'ResetInstanceAttribute'> = async (
  context,
  request,
) => {
  const name: string = request.Attribute;
  const reset = Object.hasOwn(resets, name) ? resets[name] : undefined;
  if (!reset) throw unknownAttribute(name, Object.keys(resets));
  await context.write((tx) => changeAttribute(tx, context, request.InstanceId, reset));
  await enforcePolicy(context);
  return {};
};
