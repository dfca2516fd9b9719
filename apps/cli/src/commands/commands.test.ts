import { expect, test } from 'vitest';
import { awsEnvironment } from './aws.ts';
import { checkLines } from './doctor.ts';
import { numberOption } from './options.ts';
import { serveArguments } from './serve.ts';
import { healthLines } from './status.ts';

const connection = {
  endpoint: 'http://127.0.0.1:1',
  accessKeyId: 'A',
  secretAccessKey: 'S',
  region: 'us-east-1',
  dataDirectory: '/data',
  platformOwner: 'amazon',
};

test('the AWS CLI is led to the platform and by nothing elsewhere', () => {
  const shell = { PATH: '/bin', AWS_PROFILE: 'work', AWS_SESSION_TOKEN: 't', AWS_REGION: 'x' };
  expect(awsEnvironment(shell, connection)).toMatchObject({
    PATH: '/bin',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'A',
    AWS_DEFAULT_REGION: 'us-east-1',
  });
  expect(awsEnvironment(shell, connection)).not.toHaveProperty('AWS_PROFILE');
  expect(awsEnvironment(shell, connection)).not.toHaveProperty('AWS_SESSION_TOKEN');
});

test('a check that is not ok has its remedy below it', () => {
  const lines = checkLines(
    [
      { area: 'tools', name: 'a', status: 'ok', detail: 'there' },
      { area: 'network', name: 'b', status: 'fail', detail: 'missing', remedy: 'modprobe b' },
    ],
    (_, text) => text,
  );
  expect(lines).toEqual([
    'ok    tools a    there',
    'FAIL  network b  missing',
    '                 → modprobe b',
  ]);
});

test('a standby names the active server', () => {
  const pid = 7;
  const standby = { status: 'standby', active: 'http://a', version: '1', pid } as const;
  const rest = { compute: 'qemu', store: { directory: '/data' }, regions: ['us-east-1'] } as const;
  expect(healthLines('http://b', { ...standby, ...rest }, (_, text) => text)).toEqual([
    'standby http://b (version 1, pid 7)',
    'active   http://a',
    'data     /data',
    'regions  us-east-1',
  ]);
});

test.each([
  ['qemu', 'tcg', 'guests   qemu, tcg: no KVM'],
  ['simulated', 'simulated', 'guests   simulated: no KVM'],
] as const)('a server with %s says what runs its guests', (compute, accel, line) => {
  const health = {
    status: 'ok',
    version: '1',
    pid: 7,
    compute,
    accelerator: { accel, reason: 'no KVM' },
    store: { directory: '/data' },
    regions: [],
    counts: { instances: 2, volumes: 3 },
  } as const;
  const lines = healthLines('http://b', health, (_, text) => text);
  expect(lines).toContain(line);
  expect(lines).toContain('has      2 instances, 3 volumes');
});

test('settings that were given are handed to the server, others are left to it', () => {
  const options = { listen: '127.0.0.1:0', json: true, type: 't3.micro' };
  expect(serveArguments(options)).toEqual(['--listen', '127.0.0.1:0']);
});

test.each(['0', '-1', '1.5', 'x', ''])('--count %s is refused', (count) => {
  expect(() => numberOption({ count }, 'count', { fallback: 1, min: 1 })).toThrow(/at least 1/);
});
