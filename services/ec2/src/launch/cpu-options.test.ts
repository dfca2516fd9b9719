import { expect, test } from 'vitest';
import { type LaunchedContext, launched } from '../testing/launched.ts';
import { testContext } from '../testing/test-context.ts';

const one = { MinCount: 1, MaxCount: 1 } as const;
const halved = { CoreCount: 2, ThreadsPerCore: 1 };

async function shown({ call, instanceId }: LaunchedContext) {
  const { Reservations } = await call('DescribeInstances', { InstanceIds: [instanceId] });
  return Reservations?.[0]?.Instances?.[0]?.CpuOptions;
}

const machineCpus = ({ drivers }: LaunchedContext) => drivers.compute.machines()[0]?.spec.cpus;

test('an instance and its machine have the cores and threads that a launch asked for', async () => {
  const context = await launched({ InstanceType: 'm5.2xlarge', CpuOptions: halved });
  expect(await shown(context)).toEqual(halved);
  expect(machineCpus(context)).toEqual({ cores: 2, threadsPerCore: 1 });
  const { LaunchTemplateData: data } = await context.call('GetLaunchTemplateData', {
    InstanceId: context.instanceId,
  });
  expect(data?.CpuOptions).toEqual(halved);
});

test('an instance that asks for nothing has those of its type', async () => {
  const context = await launched({ InstanceType: 'm5.2xlarge' });
  expect(await shown(context)).toEqual({ CoreCount: 4, ThreadsPerCore: 2 });
  expect(machineCpus(context)).toEqual({ cores: 4, threadsPerCore: 2 });
});

test('a stopped instance is changed, and its next machine has what it was changed to', async () => {
  const context = await launched({ InstanceType: 'm5.2xlarge' });
  const { call, settle, instanceId: InstanceId } = context;
  const modify = (changes: object) =>
    call('ModifyInstanceCpuOptions', { InstanceId, ...halved, ...changes });
  await expect(modify({})).rejects.toMatchObject({ code: 'IncorrectInstanceState' });
  await call('StopInstances', { InstanceIds: [InstanceId] });
  await settle();
  expect(await modify({})).toEqual({ InstanceId, ...halved });
  await expect(modify({ ThreadsPerCore: undefined })).rejects.toMatchObject({
    code: 'MissingParameter',
    message: 'When specifying CpuOptions you must specify both CoreCount and ThreadsPerCore.',
  });
  const nothing = { CoreCount: undefined, ThreadsPerCore: undefined };
  await expect(modify(nothing)).rejects.toMatchObject({ code: 'MissingParameter' });
  await call('StartInstances', { InstanceIds: [InstanceId] });
  await settle();
  expect(machineCpus(context)).toEqual({ cores: 2, threadsPerCore: 1 });
});

test('an instance that becomes another type has the cores and threads of that type', async () => {
  const context = await launched({ InstanceType: 'm5.2xlarge', CpuOptions: halved }, 'stopped');
  const change = (Value: string) =>
    context.call('ModifyInstanceAttribute', {
      InstanceId: context.instanceId,
      InstanceType: { Value },
    });
  await expect(change('m7g.large')).rejects.toThrow('architecture');
  await change('m5.large');
  expect(await shown(context)).toEqual({ CoreCount: 1, ThreadsPerCore: 2 });
});

test('a launch template keeps CPU options, and the request’s own win', async () => {
  const { call, addImage } = await testContext();
  const { id: ImageId } = await addImage();
  const LaunchTemplateName = 'halved';
  const LaunchTemplateData = { ImageId, InstanceType: 'm5.2xlarge', CpuOptions: halved } as const;
  await call('CreateLaunchTemplate', { LaunchTemplateName, LaunchTemplateData });
  const { LaunchTemplateVersions } = await call('DescribeLaunchTemplateVersions', {
    LaunchTemplateName,
  });
  expect(LaunchTemplateVersions?.[0]?.LaunchTemplateData?.CpuOptions).toEqual(halved);
  const launch = async (own: object) => {
    const LaunchTemplate = { LaunchTemplateName };
    const { Instances } = await call('RunInstances', { ...one, LaunchTemplate, ...own });
    return Instances?.[0]?.CpuOptions;
  };
  expect(await launch({})).toEqual(halved);
  const whole = { CoreCount: 4, ThreadsPerCore: 2 };
  expect(await launch({ CpuOptions: whole })).toEqual(whole);
  const guarded = { CpuOptions: { AmdSevSnp: 'enabled' } } as const;
  const asked = { LaunchTemplateName: 'other', LaunchTemplateData: guarded };
  await expect(call('CreateLaunchTemplate', asked)).rejects.toThrow('CpuOptions.AmdSevSnp');
});

test.each([
  ['m5.2xlarge', { CoreCount: 3, ThreadsPerCore: 1 }, 'InvalidParameterValue', 'can have: 2, 4'],
  ['m5.2xlarge', { CoreCount: 2, ThreadsPerCore: 3 }, 'InvalidParameterValue', 'can have: 1, 2'],
  ['m7g.large', { CoreCount: 2, ThreadsPerCore: 2 }, 'InvalidParameterValue', 'can have: 1'],
  ['m5.metal', { CoreCount: 2, ThreadsPerCore: 1 }, 'InvalidParameterCombination', 'bare metal'],
  ['m5.2xlarge', { CoreCount: 2 }, 'MissingParameter', 'both CoreCount and ThreadsPerCore'],
  ['m6a.large', { AmdSevSnp: 'enabled' }, 'UnsupportedOperation', 'CpuOptions.AmdSevSnp'],
  ['m8i.large', { NestedVirtualization: 'enabled' }, 'UnsupportedOperation', 'Nested'],
] as const)('%s refuses %j', async (InstanceType, CpuOptions, code, words) => {
  const { call, addImage } = await testContext();
  const architecture = InstanceType === 'm7g.large' ? 'arm64' : 'x86_64';
  const { id: ImageId } = await addImage({ architecture });
  const launch = call('RunInstances', { ...one, ImageId, InstanceType, CpuOptions });
  await expect(launch).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
});

test('a feature that is turned off asks for nothing', async () => {
  const CpuOptions = { AmdSevSnp: 'disabled' } as const;
  const context = await launched({ InstanceType: 'm6a.large', CpuOptions });
  expect(await shown(context)).toEqual({ CoreCount: 1, ThreadsPerCore: 2 });
});
