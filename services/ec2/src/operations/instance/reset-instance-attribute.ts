import { checkState } from '@bakehouse/domain';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';
import { unknownAttribute } from '../../request/refusals.ts';
import { type AttributeRequest, attributeChanges } from './attribute-changes.ts';

/** What each resettable attribute is reset to; a kernel or RAM disk is the image's own. */
const defaults: Readonly<Record<string, AttributeRequest>> = {
  kernel: { Kernel: { Value: '' } },
  ramdisk: { Ramdisk: { Value: '' } },
  sourceDestCheck: { SourceDestCheck: { Value: true } },
};

/** Only the attributes that EC2 resets. */
export const resetInstanceAttribute: Operation<'ResetInstanceAttribute'> = async (
  context,
  request,
) => {
  const name: string = request.Attribute;
  const reset = Object.hasOwn(defaults, name) ? defaults[name] : undefined;
  if (!reset) {
    throw unknownAttribute(name, Object.keys(defaults));
  }
  return await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', request.InstanceId);
    const [member] = Object.keys(reset) as (keyof AttributeRequest)[];
    if (!member) return {};
    const { stopped, change } = attributeChanges[member];
    checkState(
      'instance',
      instance,
      stopped ? 'ModifyInstanceAttribute at rest' : 'ModifyInstanceAttribute',
    );
    await tx.put('instance', await change(instance, reset, { tx, context }));
    return {};
  });
};
