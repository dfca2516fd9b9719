import { expect, test } from 'vitest';
import { testContext } from '../testing/test-context.ts';

const counts = { MinCount: 1, MaxCount: 1 };

/** A launch, and the same from a template that has the options. */
async function launches() {
  const context = await testContext();
  const { call, callUntyped, addImage } = context;
  const { id: ImageId } = await addImage();
  const launch = async (options: object) => {
    const { Instances: [made] = [] } = await call('RunInstances', {
      ...{ ImageId, InstanceType: 't3.micro', ...counts },
      ...options,
    });
    const InstanceIds = [made?.InstanceId ?? ''];
    const { Reservations } = await call('DescribeInstances', { InstanceIds });
    return Reservations?.[0]?.Instances?.[0];
  };
  const template = (LaunchTemplateName: string, options: object) =>
    callUntyped('CreateLaunchTemplate', {
      LaunchTemplateName,
      LaunchTemplateData: { ImageId, InstanceType: 't3.micro', ...options },
    });
  return { ...context, launch, template };
}

test('what an instance shows of what its launch did not set can be requested', async () => {
  const { call, launch, template } = await launches();
  const shown = await launch({});
  const options = {
    CapacityReservationSpecification: shown?.CapacityReservationSpecification,
    EnclaveOptions: shown?.EnclaveOptions,
    HibernationOptions: shown?.HibernationOptions,
    NetworkPerformanceOptions: shown?.NetworkPerformanceOptions,
    PrivateDnsNameOptions: shown?.PrivateDnsNameOptions,
  };
  expect(options).toMatchObject({
    CapacityReservationSpecification: { CapacityReservationPreference: 'open' },
    NetworkPerformanceOptions: { BandwidthWeighting: 'default' },
    PrivateDnsNameOptions: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: false },
  });
  expect(await launch({ ...options, Ipv6AddressCount: 0 })).toMatchObject(options);
  await template('web', options);
  const LaunchTemplateName = 'web';
  expect(await launch({ LaunchTemplate: { LaunchTemplateName } })).toMatchObject(options);
  const { LaunchTemplateVersions: [version] = [] } = await call('DescribeLaunchTemplateVersions', {
    LaunchTemplateName,
  });
  expect(version?.LaunchTemplateData).toMatchObject(options);
});

test.each([
  { CapacityReservationSpecification: { CapacityReservationPreference: 'none' } },
  {
    CapacityReservationSpecification: {
      CapacityReservationPreference: 'open',
      CapacityReservationTarget: { CapacityReservationId: 'cr-0123456789abcdef0' },
    },
  },
  { EnclaveOptions: { Enabled: true } },
  { HibernationOptions: { Configured: true } },
  { NetworkPerformanceOptions: { BandwidthWeighting: 'vpc-1' } },
  { PrivateDnsNameOptions: { HostnameType: 'resource-name' } },
  { PrivateDnsNameOptions: { HostnameType: 'ip-name', EnableResourceNameDnsARecord: true } },
])('a launch and a template refuse %j, and name the parameter', async (options) => {
  const { launch, template } = await launches();
  const [name = ''] = Object.keys(options);
  const refusal = { code: 'UnsupportedOperation', message: expect.stringContaining(name) };
  await expect(launch(options)).rejects.toMatchObject(refusal);
  await expect(template('web', options)).rejects.toMatchObject(refusal);
});

test.each(['Ipv4PrefixCount', 'Ipv6AddressCount', 'Ipv6PrefixCount', 'NetworkCardIndex'])(
  'an interface with %s 0 is launched, with 1 refused',
  async (name) => {
    const { launch } = await launches();
    const withCount = (count: number) =>
      launch({ NetworkInterfaces: [{ DeviceIndex: 0, [name]: count }] });
    expect((await withCount(0))?.NetworkInterfaces).toHaveLength(1);
    const refusal = { code: 'UnsupportedOperation', message: expect.stringContaining(name) };
    await expect(withCount(1)).rejects.toMatchObject(refusal);
  },
);
