import type { Ec2Input } from '@bakehouse/aws-model';
import { describe, expect, test } from 'vitest';
import { withSecondInterface } from '../testing/second-interface.ts';

type RequestedTemplate = Ec2Input<'CreateLaunchTemplate'>['LaunchTemplateData'];

/** An image, an interface that is free, and a way to launch with interfaces. */
async function stage() {
  const context = await withSecondInterface();
  const { imageId: ImageId } = await context.instance();
  const launch = async (
    NetworkInterfaces: Ec2Input<'RunInstances'>['NetworkInterfaces'],
    changes: Partial<Ec2Input<'RunInstances'>> = {},
  ) => {
    const made = await context.call('RunInstances', {
      ImageId,
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      ...changes,
      NetworkInterfaces,
    });
    await context.settle();
    const InstanceIds = made.Instances?.map(({ InstanceId }) => InstanceId ?? '') ?? [];
    const { Reservations } = await context.call('DescribeInstances', { InstanceIds });
    return Reservations?.[0]?.Instances ?? [];
  };
  return { ...context, launch };
}

describe('a launch with several interfaces', () => {
  test('makes them, each with its own groups and addresses', async () => {
    const { launch, call, subnetId: SubnetId, drivers } = await stage();
    const group = { GroupName: 'back', Description: 'the back' };
    const { GroupId = '' } = await call('CreateSecurityGroup', group);
    const [made] = await launch([
      { DeviceIndex: 1, SubnetId, Groups: [GroupId], Description: 'second' },
      { DeviceIndex: 0, SubnetId, SecondaryPrivateIpAddressCount: 1 },
    ]);
    expect(made).not.toHaveProperty('PublicIpAddress');
    expect(made?.SecurityGroups).toMatchObject([{ GroupName: 'default' }]);
    expect(made?.NetworkInterfaces).toMatchObject([
      {
        Attachment: { DeviceIndex: 0, DeleteOnTermination: true, Status: 'attached' },
        PrivateIpAddress: made?.PrivateIpAddress,
        PrivateIpAddresses: [{ Primary: true }, { Primary: false }],
      },
      {
        Attachment: { DeviceIndex: 1, DeleteOnTermination: true, Status: 'attached' },
        Description: 'second',
        Groups: [{ GroupId }],
      },
    ]);
    const id = made?.InstanceId as `i-${string}`;
    const machine = drivers.compute.machines().find((each) => each.spec.instanceId === id);
    expect(machine?.nics).toHaveLength(2);
    expect(drivers.publisher.read(id)?.interfaces).toMatchObject([
      { deviceIndex: 0, securityGroups: [{ name: 'default' }] },
      { deviceIndex: 1, securityGroups: [{ name: 'back' }] },
    ]);
    const { Reservations } = await call('DescribeInstances', {
      Filters: [{ Name: 'network-interface.description', Values: ['second'] }],
    });
    expect(Reservations).toHaveLength(1);
  });

  test('takes one that exists, which stays when the instance is terminated', async () => {
    const { launch, call, settle, nicId } = await stage();
    const [made] = await launch([{ DeviceIndex: 0, NetworkInterfaceId: nicId }]);
    expect(made?.NetworkInterfaces).toMatchObject([
      { NetworkInterfaceId: nicId, Attachment: { DeleteOnTermination: false } },
    ]);
    expect(made).not.toHaveProperty('PublicIpAddress');
    await call('TerminateInstances', { InstanceIds: [made?.InstanceId ?? ''] });
    await settle();
    const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {
      NetworkInterfaceIds: [nicId],
    });
    expect(NetworkInterfaces).toMatchObject([{ Status: 'available' }]);
  });

  test('gives an interface back when it fails', async () => {
    const { launch, drivers, call, nicId } = await stage();
    drivers.compute.start = async () => {
      throw new Error('no machine');
    };
    await launch([{ DeviceIndex: 0, NetworkInterfaceId: nicId }]);
    const { NetworkInterfaces } = await call('DescribeNetworkInterfaces', {
      NetworkInterfaceIds: [nicId],
    });
    expect(NetworkInterfaces).toMatchObject([{ Status: 'available' }]);
  });

  test('of many instances draws addresses of its own for each', async () => {
    const { launch } = await stage();
    const made = await launch([{ DeviceIndex: 0, SecondaryPrivateIpAddressCount: 1 }], {
      MinCount: 3,
      MaxCount: 3,
    });
    const all = made.flatMap(({ NetworkInterfaces = [] }) =>
      NetworkInterfaces.flatMap(({ PrivateIpAddresses = [] }) =>
        PrivateIpAddresses.map(({ PrivateIpAddress }) => PrivateIpAddress),
      ),
    );
    expect(new Set(all).size).toBe(6);
  });

  test('is described by a template that launches the same', async () => {
    const { launch, call, subnetId: SubnetId, settle } = await stage();
    const [first] = await launch([
      { DeviceIndex: 0, SubnetId },
      { DeviceIndex: 1, SubnetId, Description: 'second' },
    ]);
    const { LaunchTemplateData } = await call('GetLaunchTemplateData', {
      InstanceId: first?.InstanceId ?? '',
    });
    await call('CreateLaunchTemplate', {
      LaunchTemplateName: 'two',
      LaunchTemplateData: (LaunchTemplateData ?? {}) as RequestedTemplate,
    });
    const { Instances } = await call('RunInstances', {
      LaunchTemplate: { LaunchTemplateName: 'two' },
      MinCount: 1,
      MaxCount: 1,
    });
    await settle();
    expect(Instances?.[0]?.NetworkInterfaces?.map(({ Description }) => Description)).toEqual([
      '',
      'second',
    ]);
  });

  test.each([
    [[{ DeviceIndex: 1 }], 'InvalidParameterValue'],
    [[{ DeviceIndex: 0 }, { DeviceIndex: 0 }], 'InvalidParameterValue'],
    [
      [{ DeviceIndex: 0, AssociatePublicIpAddress: true }, { DeviceIndex: 1 }],
      'InvalidParameterCombination',
    ],
    [[{ DeviceIndex: 0 }, { DeviceIndex: 1 }, { DeviceIndex: 2 }], 'AttachmentLimitExceeded'],
    [[{ DeviceIndex: 0, SecondaryPrivateIpAddressCount: 2 }], 'PrivateIpAddressLimitExceeded'],
    [
      [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-0000000000000000f' }],
      'InvalidNetworkInterfaceID.NotFound',
    ],
  ])('of %j is refused with %s', async (NetworkInterfaces, code) => {
    const { launch } = await stage();
    await expect(launch(NetworkInterfaces)).rejects.toMatchObject({ code });
  });

  test('refuses an interface that exists and what only a new one has, another instance has, or two want', async () => {
    const { launch, nicId, instance, subnetId } = await stage();
    const own = { DeviceIndex: 0, NetworkInterfaceId: nicId };
    const combination = { code: 'InvalidParameterCombination' };
    await expect(launch([{ ...own, SubnetId: subnetId }])).rejects.toMatchObject(combination);
    await expect(launch([{ ...own, DeleteOnTermination: true }])).rejects.toMatchObject(
      combination,
    );
    await expect(launch([own], { MaxCount: 2 })).rejects.toMatchObject(combination);
    const { networkInterfaceId } = await instance();
    const taken = launch([{ DeviceIndex: 0, NetworkInterfaceId: networkInterfaceId }]);
    await expect(taken).rejects.toMatchObject({ code: 'InvalidNetworkInterface.InUse' });
    const twice = launch([own, { ...own, DeviceIndex: 1 }]);
    await expect(twice).rejects.toMatchObject({ code: 'InvalidParameterValue' });
  });
});
