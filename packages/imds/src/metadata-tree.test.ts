import { type InstanceMetadata, publicRegions } from '@bakehouse/domain';
import { someMetadata } from '@bakehouse/testkit';
import { describe, expect, test } from 'vitest';
import { answerRequest } from './answer-request.ts';
import { metadataVersions } from './versions.ts';

const full: Partial<InstanceMetadata> = {
  instanceId: 'i-0aaaaaaaaaaaaaaa1',
  kernelId: 'aki-0aaaaaaaaaaaaaaa1',
  ramdiskId: 'ari-0aaaaaaaaaaaaaaa1',
  publicIp: '127.18.0.9',
  publicHostName: 'ec2-127-18-0-9.compute-1.amazonaws.com',
  securityGroups: [
    { id: 'sg-0aaaaaaaaaaaaaaa1', name: 'default' },
    { id: 'sg-0aaaaaaaaaaaaaaa2', name: 'web servers' },
  ],
  blockDeviceMapping: { ami: 'xvda', root: '/dev/xvda', ebs1: 'sdf', ephemeral0: 'sdb' },
  tags: { Name: 'a machine', 'a/b c': 'odd' },
  instanceMetadataTags: 'enabled',
  httpTokens: 'optional',
  userDataBase64: Buffer.from('#!/bin/sh\n').toString('base64'),
  monitoring: 'disabled',
};

const identity = { document: '{}', pkcs7: 'p', rsa2048: 'r', signature: 's' };

function get(target: string, given: Partial<InstanceMetadata> = full) {
  const metadata = someMetadata({ httpTokens: 'optional', ...given });
  const request = { method: 'GET', target, header: () => undefined };
  const options = { tokenKey: new Uint8Array(32), nowMs: 0 };
  return answerRequest({ metadata, identity }, request, options);
}

const textAt = (target: string, given: Partial<InstanceMetadata> = full) => {
  const { status, body } = get(target, given);
  return status === 200 ? String(body) : status;
};

/** Every path that a client finds by listing, with its content. */
function walk(folder: string, given: Partial<InstanceMetadata>): string[] {
  return String(textAt(folder, given))
    .split('\n')
    .filter((name) => name !== '')
    .flatMap((name) => {
      const path = folder + name.replace(/^(\d+)=.*$/, '$1/');
      return path.endsWith('/')
        ? walk(path, given)
        : [`${path.slice('/latest/'.length)} ${JSON.stringify(textAt(path, given))}`];
    });
}

describe('the whole tree', () => {
  test('of an instance with everything', () => {
    expect(walk('/latest/meta-data/', full)).toMatchSnapshot();
  });

  test('of an instance with as little as possible', () => {
    const least = someMetadata({ publicKeys: [], httpTokens: 'optional' });
    expect(walk('/latest/meta-data/', least)).toMatchSnapshot();
  });

  test('versions, branches and dynamic data', () => {
    expect(textAt('/')).toBe(metadataVersions.join('\n'));
    expect(textAt('/latest')).toBe('dynamic\nmeta-data\nuser-data');
    expect(textAt('/latest/', {})).toBe('dynamic\nmeta-data');
    expect(textAt('/latest/dynamic/')).toBe('fws/\ninstance-identity/');
    expect(textAt('/latest/dynamic/', {})).toBe('instance-identity/');
    expect(textAt('/latest/dynamic/fws/instance-monitoring')).toBe('disabled');
    expect(textAt('/latest/dynamic/instance-identity/')).toBe(
      'document\npkcs7\nrsa2048\nsignature',
    );
    expect(textAt('/latest/dynamic/instance-identity/document')).toBe('{}');
  });
});

describe('what an instance does not have', () => {
  test.each([
    'ancestor-ami-ids',
    'autoscaling/target-lifecycle-state',
    'block-device-mapping/swap',
    'elastic-gpus',
    'elastic-inference',
    'events/recommendations/rebalance',
    'iam',
    'iam/',
    'iam/info',
    'iam/security-credentials/',
    'identity-credentials/ec2/security-credentials/ec2-instance',
    'ipv6',
    'metrics/vhostmd',
    'placement/group-name',
    'placement/host-id',
    'placement/partition-number',
    'product-codes',
    'public-keys/1/',
    'spot/instance-action',
    'spot/termination-time',
    'tags',
    'tags/instance/Name',
    '__proto__/a',
    'constructor',
    'instance-id/more',
  ])('is 404: %s', (path) => {
    expect(get(`/latest/meta-data/${path}`, { ...full, instanceMetadataTags: 'disabled' })).toEqual(
      expect.objectContaining({ status: 404, contentType: 'text/html' }),
    );
  });

  test('is 404 for user data and public addresses, too', () => {
    for (const path of ['user-data', 'meta-data/public-ipv4', 'meta-data/public-hostname']) {
      expect(get(`/latest/${path}`, {}).status).toBe(404);
    }
  });
});

describe('folders', () => {
  test('are listed with and without a slash at the end', () => {
    for (const path of ['meta-data', 'meta-data/placement', 'meta-data/public-keys/0', 'dynamic']) {
      expect(textAt(`/latest/${path}`)).toBe(textAt(`/latest/${path}/`));
    }
  });

  test('of keys list their names and formats', () => {
    expect(textAt('/latest/meta-data/public-keys/')).toBe('0=a-key');
    expect(textAt('/latest/meta-data/public-keys/0')).toBe('openssh-key');
    expect(textAt('/latest/meta-data/public-keys/0/openssh-key')).toMatch(/^ssh-ed25519 .*\n$/);
  });

  test('of tags have keys as they are, also with slashes and encoded spaces', () => {
    expect(textAt('/latest/meta-data/tags/instance')).toBe('Name\na/b c');
    expect(textAt('/latest/meta-data/tags/instance/Name')).toBe('a machine');
    expect(textAt('/latest/meta-data/tags/instance/a/b%20c')).toBe('odd');
    expect(textAt('/latest/meta-data/tags/instance/a')).toBe(404);
  });

  test('of tags are empty where the instance has none', () => {
    expect(textAt('/latest/meta-data/tags/instance', { ...full, tags: {} })).toBe('');
  });
});

test('identity credentials name the account, in the JSON of EC2, and are none', () => {
  const folder = '/latest/meta-data/identity-credentials';
  expect(textAt(`${folder}/`)).toBe('ec2/');
  expect(textAt(`${folder}/ec2/`)).toBe('info');
  const info = String(textAt(`${folder}/ec2/info`, { ...full, accountId: '111122223333' }));
  expect(info).toContain('"AccountId" : "111122223333"');
  expect(JSON.parse(info)).toEqual({
    Code: 'Success',
    LastUpdated: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    AccountId: '111122223333',
  });
  expect(textAt('/2018-03-28/meta-data/identity-credentials/')).toBe(404);
  expect(textAt('/2018-08-17/meta-data/identity-credentials/ec2/info')).toContain('Success');
});

test('an interface has the index of its network card, since 2020-11-01', () => {
  const mac = textAt('/latest/meta-data/mac');
  const index = `meta-data/network/interfaces/macs/${mac}/network-card-index`;
  expect(textAt(`/latest/${index}`)).toBe('0');
  expect(textAt(`/2021-01-03/${index}`)).toBe('0');
  expect(textAt(`/2020-10-27/${index}`)).toBe(404);
});

describe('an instance with two interfaces', () => {
  const second = '02:00:00:00:00:02';
  const given: Partial<InstanceMetadata> = {
    interfaces: [
      {
        deviceIndex: 0,
        interfaceId: 'eni-0aaaaaaaaaaaaaaa1',
        macAddress: '02:00:00:00:00:01',
        addresses: [
          { privateIp: '172.31.0.10', publicIp: '127.18.0.9' },
          { privateIp: '172.31.0.11' },
          { privateIp: '172.31.0.12', publicIp: '127.18.0.10' },
        ],
        localHostName: 'ip-172-31-0-10.ec2.internal',
        publicHostName: '127.18.0.9',
        subnetId: 'subnet-0aaaaaaaaaaaaaaa1',
        subnetCidr: '172.31.0.0/20',
        vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
        vpcCidrs: ['172.31.0.0/16', '100.64.0.0/16'],
        securityGroups: [{ id: 'sg-0aaaaaaaaaaaaaaa1', name: 'default' }],
      },
      {
        deviceIndex: 1,
        interfaceId: 'eni-0aaaaaaaaaaaaaaa2',
        macAddress: second,
        addresses: [{ privateIp: '100.64.0.10' }],
        localHostName: 'ip-100-64-0-10.ec2.internal',
        subnetId: 'subnet-0aaaaaaaaaaaaaaa2',
        subnetCidr: '100.64.0.0/24',
        vpcId: 'vpc-0aaaaaaaaaaaaaaa1',
        vpcCidrs: ['172.31.0.0/16', '100.64.0.0/16'],
        securityGroups: [
          { id: 'sg-0aaaaaaaaaaaaaaa1', name: 'default' },
          { id: 'sg-0aaaaaaaaaaaaaaa2', name: 'backend' },
        ],
      },
    ],
  };

  test('reads each under its MAC address', () => {
    expect(walk('/latest/meta-data/network/', given)).toMatchSnapshot();
  });

  test('finds them in the order of their devices', () => {
    expect(textAt('/latest/meta-data/network/interfaces/macs/', given)).toBe(
      `02:00:00:00:00:01/\n${second}/`,
    );
  });
});

test('groups are one per line', () => {
  expect(textAt('/latest/meta-data/security-groups')).toBe('default\nweb servers');
});

test('user data is returned byte for byte', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
  const reply = get('/latest/user-data', { userDataBase64: bytes.toString('base64') });
  expect(reply).toEqual({ status: 200, contentType: 'application/octet-stream', body: bytes });
});

test.each([
  ['us-east-1', 'aws', 'amazonaws.com'],
  ['cn-north-1', 'aws-cn', 'amazonaws.com.cn'],
  ['us-gov-west-1', 'aws-us-gov', 'amazonaws.com'],
])('services of %s are in partition %s', (region, partition, domain) => {
  expect(textAt('/latest/meta-data/services/partition', { region })).toBe(partition);
  expect(textAt('/latest/meta-data/services/domain', { region })).toBe(domain);
});

test('services of every region are of its partition', () => {
  for (const { name: region, partition } of publicRegions) {
    expect(textAt('/latest/meta-data/services/partition', { region })).toBe(partition.name);
    expect(textAt('/latest/meta-data/services/domain', { region })).toBe(partition.domain);
  }
});

describe('a dated version', () => {
  const names = (version: string) => String(textAt(`/${version}/meta-data/`)).split('\n');

  test('has what existed at its date', () => {
    expect(names('1.0')).toEqual([
      'ami-id',
      'ami-launch-index',
      'ami-manifest-path',
      'hostname',
      'instance-id',
      'local-ipv4',
      'public-keys/',
      'reservation-id',
      'security-groups',
    ]);
    expect(textAt('/1.0/')).toBe('meta-data\nuser-data');
    expect(textAt('/1.0/dynamic/')).toBe(404);
    expect(textAt('/2009-04-04/')).toBe('dynamic\nmeta-data\nuser-data');
    expect(textAt('/2009-04-04/meta-data/network/')).toBe(404);
    expect(textAt('/2019-10-01/meta-data/placement/')).toBe(
      'availability-zone\navailability-zone-id',
    );
    expect(textAt('/2020-10-27/meta-data/placement/region')).toBe('us-east-1');
  });

  test('has nothing that a later one lacks, and the latest has everything', () => {
    for (const [index, version] of metadataVersions.entries()) {
      const later = metadataVersions[index + 1];
      if (later) expect(names(later)).toEqual(expect.arrayContaining(names(version)));
    }
    expect(names('2024-04-11')).toEqual(names('latest'));
  });

  test.each(['2009-04-05', '2006-01-01', '2.0', 'LATEST', 'latest%00', '3000-01-01'])(
    'that EC2 never had does not exist: %s',
    (version) => {
      expect(get(`/${version}/meta-data/`).status).not.toBe(200);
    },
  );
});
