import type * as sdk from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { tested } from '../test-support/tested-services.ts';
import { understoodRequest } from '../test-support/understood.ts';

test('a launch with deep parameters, written by the SDK, is read as it was meant', async () => {
  const input: sdk.RunInstancesRequest = {
    ImageId: 'ami-0123456789abcdef0',
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 3,
    KeyName: 'key with spaces & signs = 100%',
    UserData: 'IyEvYmluL3NoCg==',
    BlockDeviceMappings: [
      {
        DeviceName: '/dev/xvda',
        Ebs: { VolumeSize: 20, VolumeType: 'gp3', DeleteOnTermination: true, Encrypted: false },
      },
      { DeviceName: '/dev/sdb', NoDevice: '' },
    ],
    NetworkInterfaces: [
      {
        DeviceIndex: 0,
        SubnetId: 'subnet-1',
        Groups: ['sg-1', 'sg-2'],
        PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.4', Primary: true }],
        AssociatePublicIpAddress: true,
      },
    ],
    TagSpecifications: [
      {
        ResourceType: 'instance',
        Tags: [
          { Key: 'Name', Value: 'größe' },
          { Key: 'empty', Value: '' },
        ],
      },
      { ResourceType: 'volume', Tags: [{ Key: 'a.1.b', Value: '\n' }] },
    ],
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    IamInstanceProfile: { Name: 'builder' },
    InstanceMarketOptions: {
      MarketType: 'spot',
      SpotOptions: { MaxPrice: '0.05', ValidUntil: new Date('2030-01-02T03:04:05.006Z') },
    },
    ClientToken: 'token',
    DryRun: true,
  };
  const decoded = await understoodRequest(tested.ec2, 'RunInstances', input);
  expect(decoded).toMatchObject({ operation: 'RunInstances', input });
  expect(Object.keys(decoded?.input ?? {}).sort()).toEqual(Object.keys(input).sort());
});
