import { describe, expect, test } from 'vitest';
import type { OperationName } from '../operation.ts';
import { launched } from '../testing/launched.ts';
import type { TestContext } from '../testing/test-context.ts';
import { operations } from './registry.ts';

const other = { accountId: '111122223333' };
const stranger = { accountId: '444455556666' };

async function makeWorld() {
  const world = await launched();
  const instance = await world.instance();
  const image = await world.addImage();
  const volumeId = instance.volumes[0]?.volumeId ?? '';
  const { SnapshotId = '' } = await world.call('CreateSnapshot', { VolumeId: volumeId });
  await world.settle();
  const ids = {
    image: image.id,
    instance: instance.id,
    nic: instance.networkInterfaceId,
    snapshot: SnapshotId,
    subnet: instance.subnetId,
    volume: volumeId,
    vpc: instance.vpcId,
  };
  await share(world, ids);
  return { ...world, ids };
}

/** Shares the image and the snapshot with the other account. */
async function share(
  { call }: Pick<TestContext, 'call'>,
  ids: { image: string; snapshot: string },
) {
  const Add = [{ UserId: other.accountId }];
  await call('ModifyImageAttribute', { ImageId: ids.image, LaunchPermission: { Add } });
  await call('ModifySnapshotAttribute', {
    SnapshotId: ids.snapshot,
    CreateVolumePermission: { Add },
  });
}

const made = makeWorld();

type Resource = keyof Awaited<ReturnType<typeof makeWorld>>['ids'];

interface AttributeOperation {
  /** The resource, and the member that names it. */
  readonly of: Resource;
  readonly member: string;
  /** A change or question that the operation takes. */
  readonly good: object;
  /** Attributes of the resource that the operation does not take. */
  readonly unfit?: readonly string[];
  /** A refusal for each way to say it by halves. */
  readonly refused?: readonly (readonly [change: object, code: string, message?: RegExp])[];
}

const none = /^No attributes specified\.$/;
const two = (names: string) =>
  new RegExp(`^Fields for multiple attribute types specified: ${names}\\.`);
const noValue = /^The request must contain the parameter value$/;
const combination = 'InvalidParameterCombination';
const aUser = { UserId: '777788889999' };

const table: Partial<Record<OperationName, AttributeOperation>> = {
  DescribeImageAttribute: { of: 'image', member: 'ImageId', good: { Attribute: 'description' } },
  DescribeInstanceAttribute: {
    of: 'instance',
    member: 'InstanceId',
    good: { Attribute: 'instanceType' },
  },
  DescribeNetworkInterfaceAttribute: {
    of: 'nic',
    member: 'NetworkInterfaceId',
    good: { Attribute: 'groupSet' },
    refused: [[{}, 'MissingParameter']],
  },
  DescribeSnapshotAttribute: {
    of: 'snapshot',
    member: 'SnapshotId',
    good: { Attribute: 'productCodes' },
  },
  DescribeVolumeAttribute: {
    of: 'volume',
    member: 'VolumeId',
    good: { Attribute: 'autoEnableIO' },
  },
  DescribeVpcAttribute: { of: 'vpc', member: 'VpcId', good: { Attribute: 'enableDnsSupport' } },
  ModifyImageAttribute: {
    of: 'image',
    member: 'ImageId',
    good: { Description: { Value: 'x' } },
    unfit: ['kernel', 'ramdisk', 'productCodes', 'blockDeviceMapping', 'bootMode'],
    refused: [
      [{}, combination, none],
      [{ UserIds: [], UserGroups: [] }, combination, none],
      [{ Attribute: 'description' }, 'MissingParameter', noValue],
      [{ Description: {} }, 'MissingParameter', noValue],
      [{ Attribute: 'imdsSupport' }, 'MissingParameter', noValue],
      [
        { Attribute: 'launchPermission' },
        combination,
        /^No operation specified for launchPermission attribute\.$/,
      ],
      [{ OperationType: 'add' }, combination],
      [{ LaunchPermission: {} }, combination],
      [{ Value: 'x' }, combination, none],
      [{ Description: { Value: 'x' }, Value: 'x' }, 'MissingParameter', /attribute$/],
      [{ Attribute: 'launchPermission', Description: { Value: 'x' } }, combination],
      [
        { Description: { Value: 'x' }, ImdsSupport: { Value: 'v2.0' } },
        combination,
        two('description, imdsSupport'),
      ],
      [
        { Attribute: 'description', Value: 'x', Description: { Value: 'y' } },
        combination,
        /^The attribute description has two values: y and x$/,
      ],
      [{ LaunchPermission: { Add: [aUser] }, OperationType: 'remove' }, combination],
      [{ LaunchPermission: { Add: [aUser] }, UserIds: ['222233334444'] }, combination],
      [
        {
          LaunchPermission: { Add: [aUser], Remove: [{ UserId: '222233334444' }] },
          UserIds: [aUser.UserId],
        },
        combination,
      ],
    ],
  },
  ModifyInstanceAttribute: {
    of: 'instance',
    member: 'InstanceId',
    good: { DisableApiStop: { Value: false } },
    unfit: ['productCodes', 'rootDeviceName', 'enclaveOptions'],
    refused: [
      [{}, combination, none],
      [{ Groups: [], BlockDeviceMappings: [] }, combination, none],
      [{ Attribute: 'disableApiTermination' }, 'MissingParameter', noValue],
      [{ DisableApiTermination: {} }, 'MissingParameter', noValue],
      // The request is checked before the instance, which runs.
      [{ Attribute: 'userData' }, 'MissingParameter', noValue],
      [{ UserData: {} }, 'MissingParameter', noValue],
      [{ Attribute: 'instanceType' }, 'MissingParameter', noValue],
      [{ Attribute: 'kernel' }, 'MissingParameter', noValue],
      [{ Attribute: 'groupSet' }, 'MissingParameter', /parameter GroupId\.N$/],
      [{ Attribute: 'blockDeviceMapping' }, 'MissingParameter', /parameter BlockDeviceMapping\.N$/],
      [{ EnclaveOptions: { Enabled: true } }, 'UnsupportedOperation', /^Enclaves are not/],
      [{ Value: 'true' }, combination, none],
      [{ DisableApiStop: { Value: true }, Value: 'true' }, 'MissingParameter', /attribute$/],
      [
        { Attribute: 'disableApiStop', DisableApiTermination: { Value: true } },
        combination,
        two('disableApiTermination, disableApiStop'),
      ],
      [
        {
          Attribute: 'disableApiTermination',
          Value: 'true',
          DisableApiTermination: { Value: false },
        },
        combination,
        /two values/,
      ],
      [
        { Attribute: 'groupSet', Value: 'sg-0123456789abcdef0' },
        combination,
        /^The attribute groupSet is a list: give it as GroupId\.N, not as Value$/,
      ],
      [
        { Attribute: 'blockDeviceMapping', Value: '/dev/xvda' },
        combination,
        /is a list: give it as BlockDeviceMapping\.N, not as Value$/,
      ],
      [{ Attribute: 'disableApiStop', Value: 'maybe' }, 'InvalidParameterValue'],
    ],
  },
  ModifyNetworkInterfaceAttribute: {
    of: 'nic',
    member: 'NetworkInterfaceId',
    good: { Description: { Value: 'x' } },
    refused: [
      [{}, combination, none],
      [{ Groups: [] }, combination, none],
      [{ Description: {} }, 'MissingParameter', noValue],
      [{ SourceDestCheck: {} }, 'MissingParameter', noValue],
      [{ Attachment: {} }, 'MissingParameter', /attachmentId$/],
      [
        { Description: { Value: 'x' }, SourceDestCheck: { Value: true } },
        combination,
        two('description, sourceDestCheck'),
      ],
      [
        { AssociatePublicIpAddress: false, Description: { Value: 'x' } },
        combination,
        two('associatePublicIpAddress, description'),
      ],
    ],
  },
  ModifySnapshotAttribute: {
    of: 'snapshot',
    member: 'SnapshotId',
    good: { CreateVolumePermission: { Add: [aUser] } },
    unfit: ['productCodes'],
    refused: [
      [{}, combination, none],
      [{ Attribute: 'createVolumePermission' }, combination, /^No operation specified/],
      [{ OperationType: 'add' }, combination],
      [{ UserIds: [aUser.UserId] }, 'MissingParameter', /operationType$/],
      [{ CreateVolumePermission: { Add: [aUser] }, OperationType: 'remove' }, combination],
    ],
  },
  ModifySubnetAttribute: {
    of: 'subnet',
    member: 'SubnetId',
    good: { MapPublicIpOnLaunch: { Value: true } },
    refused: [
      [{}, combination, none],
      [{ MapPublicIpOnLaunch: {} }, 'MissingParameter', noValue],
      [{ EnableDns64: { Value: true } }, 'UnsupportedOperation'],
    ],
  },
  ModifyVolumeAttribute: {
    of: 'volume',
    member: 'VolumeId',
    good: { AutoEnableIO: { Value: true } },
    refused: [
      [{}, combination, none],
      [{ AutoEnableIO: {} }, 'MissingParameter', noValue],
    ],
  },
  ModifyVpcAttribute: {
    of: 'vpc',
    member: 'VpcId',
    good: { EnableDnsSupport: { Value: true } },
    refused: [
      [{}, combination, none],
      [{ EnableDnsSupport: {} }, 'MissingParameter', noValue],
      [{ EnableNetworkAddressUsageMetrics: { Value: true } }, 'UnsupportedOperation'],
      [
        { EnableDnsSupport: { Value: true }, EnableDnsHostnames: { Value: true } },
        combination,
        two('enableDnsHostnames, enableDnsSupport'),
      ],
    ],
  },
  ResetImageAttribute: {
    of: 'image',
    member: 'ImageId',
    good: { Attribute: 'launchPermission' },
    unfit: ['description'],
  },
  ResetInstanceAttribute: {
    of: 'instance',
    member: 'InstanceId',
    good: { Attribute: 'sourceDestCheck' },
    unfit: ['userData'],
  },
  ResetNetworkInterfaceAttribute: {
    of: 'nic',
    member: 'NetworkInterfaceId',
    good: { SourceDestCheck: 'true' },
    refused: [[{}, combination, none]],
  },
  ResetSnapshotAttribute: {
    of: 'snapshot',
    member: 'SnapshotId',
    good: { Attribute: 'createVolumePermission' },
    unfit: ['productCodes'],
  },
};

const cases = Object.entries(table) as [OperationName, AttributeOperation][];

test('every served operation on attributes is tried', () => {
  const names = Object.keys(operations).filter((name) =>
    /^(?:Describe|Modify|Reset)(?!Account)\w+Attribute$/.test(name),
  );
  expect(Object.keys(table).sort()).toEqual(names.sort());
});

const kinds = [
  'image',
  'instance',
  'networkInterface',
  'snapshot',
  'subnet',
  'volume',
  'vpc',
] as const;

describe.each(cases)('%s', (name, { of, member, good, unfit = [], refused = [] }) => {
  // Another account gets a default network by its first request.
  const records = async () => {
    const { read, scope } = await made;
    const where = { owner: [scope.accountId] };
    return await read(async (reader) => {
      const all: object[] = [];
      for (const kind of kinds) all.push(...(await reader.list(kind, { where })));
      return all;
    });
  };

  /** How the request is refused; a refused request changes no record. */
  const refusal = async (
    request: object,
    { id, scope }: { id?: string; scope?: { accountId: string } } = {},
  ) => {
    const { callUntyped, ids } = await made;
    const before = await records();
    const answer = callUntyped(name, { [member]: id ?? ids[of], ...request }, scope);
    const outcome = await answer.catch((problem: unknown) => problem);
    expect(await records()).toEqual(before);
    return outcome;
  };

  for (const [request, code, message = /./] of refused) {
    test(`refuses ${JSON.stringify(request)} with ${code}`, async () => {
      expect(await refusal(request)).toMatchObject({
        code,
        message: expect.stringMatching(message),
      });
    });
  }

  // `toString` is a name that every object of JavaScript has.
  const unknown = 'Attribute' in good || unfit.length > 0 ? ['bogus', 'toString'] : [];
  test.each([...unknown, ...unfit])('refuses the attribute %s', async (Attribute) => {
    const refused = await refusal({ Attribute, Value: 'x' });
    expect(refused).toMatchObject({
      code: 'InvalidParameterValue',
      message: expect.stringMatching(
        `^Value \\(${Attribute}\\) for parameter attribute is invalid\\. Expecting one of: \\w`,
      ),
    });
    const [, proposed = ''] = String(refused).split('Expecting one of: ');
    expect(proposed.split(', ').filter((each) => unfit.includes(each))).toEqual([]);
  });

  test('checks the request, then the id, then whose the resource is', async () => {
    const { ids } = await made;
    const missing = ids[of].replace(/[0-9a-f]{17}$/, '0000000000000000f');
    const isShared = of === 'image' || of === 'snapshot';
    const [half] = refused;
    if (half) expect(await refusal(half[0], { id: 'x' })).toMatchObject({ code: half[1] });
    expect(await refusal(good, { id: 'x' })).toMatchObject({
      code: expect.stringMatching(/\.Malformed$/),
    });
    expect(await refusal(good, { id: missing })).toMatchObject({
      code: expect.stringMatching(/\.NotFound$/),
    });
    expect(await refusal(good, { scope: stranger })).toMatchObject({
      code: expect.stringMatching(/\.NotFound$/),
    });
    expect(await refusal(good, { scope: other })).toMatchObject({
      code: isShared ? 'AuthFailure' : expect.stringMatching(/\.NotFound$/),
    });
  });

  test('takes one attribute', async () => {
    const { callUntyped, ids } = await made;
    await expect(callUntyped(name, { [member]: ids[of], ...good })).resolves.toBeDefined();
    // The Reset operations take the sharing back.
    await share(await made, ids);
  });
});
