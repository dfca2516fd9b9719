import { apiError, checkState } from '@bakehouse/domain';
import { cpuOptionsOf, cpuOptionsView } from '../../launch/cpu-options.ts';
import { launchType } from '../../launch/launch-type.ts';
import { ownedById } from '../../lookup/lookups.ts';
import type { Operation } from '../../operation.ts';

/** Changes the cores and threads of a stopped instance; it has them from its next start. */
export const modifyInstanceCpuOptions: Operation<'ModifyInstanceCpuOptions'> = async (
  context,
  { InstanceId: id, DryRun: _, ...wanted },
) =>
  await context.write(async (tx) => {
    const instance = await ownedById(tx, context, 'instance', id);
    const type = launchType(instance.instanceType, instance);
    const cpuOptions = cpuOptionsOf(type, wanted);
    if (!cpuOptions) throw apiError('MissingParameter', { parameter: 'CoreCount' });
    checkState('instance', instance, 'ModifyInstanceCpuOptions');
    await tx.put('instance', { ...instance, cpuOptions });
    return { InstanceId: id, ...cpuOptionsView(type, cpuOptions) };
  });
