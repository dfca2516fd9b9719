import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { cleanEnvironment, type Platform, runProgram, startPlatform } from './platform.ts';

const image = {
  ImageId: 'ami-0123456789abcdef0',
  Name: 'tiny-1',
  OwnerId: '137112412989',
  ImageOwnerAlias: 'amazon',
  State: 'available',
  Public: true,
  Architecture: 'x86_64',
  VirtualizationType: 'hvm',
  EnaSupport: true,
  RootDeviceType: 'ebs',
  RootDeviceName: '/dev/xvda',
  CreationDate: '2026-01-01T00:00:00.000Z',
  BlockDeviceMappings: [
    {
      DeviceName: '/dev/xvda',
      Ebs: { SnapshotId: 'snap-0123456789abcdef0', VolumeSize: 8, VolumeType: 'gp3' },
    },
  ],
};

let scratch: string;
let platform: Platform;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'bakehouse-cli-test-'));
  const seed = join(scratch, 'seed.json');
  await writeFile(seed, JSON.stringify({ Images: [image] }));
  platform = await startPlatform('--seed', seed);
});

afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  await rm(scratch, { recursive: true, force: true });
});

/** What `--json` prints: one line, and nothing else on standard output. */
async function json(...args: string[]) {
  const { code, stdout, stderr } = await platform.run(...args, '--json');
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toHaveLength(1);
  return JSON.parse(stdout);
}

describe('without instances', () => {
  test('status reports that guests are simulated', async () => {
    const { code, stdout } = await platform.run('status');
    expect(code).toBe(0);
    expect(stdout).toContain(platform.url);
    expect(stdout).toContain('simulated');
    expect(await json('status')).toMatchObject({ compute: 'simulated', pid: platform.pid });
  });

  test('env prints variables that a shell takes over', async () => {
    const shell = `eval "$("$0" env)"; printf '%s\\n' "$AWS_ENDPOINT_URL" "$AWS_REGION"`;
    const program = resolve(import.meta.dirname, '..', 'bin', 'bakehouse');
    const { stdout, stderr } = await runProgram(['-c', shell, program], {
      env: cleanEnvironment(platform.data),
      path: '/bin/sh',
    });
    expect(stdout.trim().split('\n')).toEqual([platform.url, 'us-east-1']);
    expect(stderr).toBe('');
  });

  test('images lists the seed', async () => {
    const { stdout } = await platform.run('images');
    expect(stdout.split('\n')[0]).toMatch(/^IMAGE +NAME +OWNER/);
    expect(stdout).toContain(image.ImageId);
    expect(await json('images')).toEqual([
      expect.objectContaining({ imageId: image.ImageId, owner: 'amazon', sizeGiB: 8 }),
    ]);
    expect(await json('images', '--region', 'us-west-2')).toHaveLength(1);
  });

  test.each([['usage'], ['snapshots'], ['volumes'], ['instances'], ['account', 'list'], ['prune']])(
    '%s prints text and JSON',
    async (...words) => {
      expect((await platform.run(...words)).code).toBe(0);
      expect(await json(...words)).toBeDefined();
    },
  );

  test('verify finds nothing wrong', async () => {
    expect((await json('verify')).problems).toEqual([]);
  });

  test('doctor reports the result of each check, and finds no leftovers', async () => {
    const { stdout } = await platform.run('doctor', '--compute', 'simulated', '--json');
    const checks: { area: string; status: string; detail: string; remedy?: string }[] =
      JSON.parse(stdout);
    expect(checks.filter((check) => !['ok', 'warn', 'fail'].includes(check.status))).toEqual([]);
    expect(checks.filter((check) => check.status === 'fail' && !check.remedy)).toEqual([]);
    const server = checks.find((check) => check.detail === `process ${platform.pid}`);
    expect(server).toMatchObject({ area: 'data', status: 'ok' });
    expect(checks.filter((check) => check.area === 'leftovers')).toEqual([
      expect.objectContaining({ status: 'ok', detail: 'none' }),
    ]);
  });

  test('an account that was made can be used', async () => {
    const made = await json('account', 'create', '--name', 'second');
    expect(made).toMatchObject({ accountId: expect.stringMatching(/^\d{12}$/) });
    const { accounts } = await json('account', 'list');
    expect(accounts.map((account: { accountId: string }) => account.accountId)).toContain(
      made.accountId,
    );
  });
});

describe('an instance from launch to end', () => {
  test('run makes key pair and group, and waits until it runs', async () => {
    const [row] = await json('run', 'tiny-1', '--name', 'web', '--type', 't3.small');
    expect(row).toMatchObject({ name: 'web', state: 'running', type: 't3.small' });
    const key = join(platform.data, 'keys', 'bakehouse.pem');
    expect((await stat(key)).mode & 0o777).toBe(0o600);
    expect(await readFile(key, 'utf8')).toContain('PRIVATE KEY');
  });

  test('the second run uses both again, also in another region', async () => {
    const rows = await json('run', '--name', 'db', '--count', '2', '--no-wait');
    expect(rows).toHaveLength(2);
    await json('run', '--name', 'far', '--region', 'us-west-2', '--no-wait');
  });

  test('instances shows them with addresses', async () => {
    const { stdout } = await platform.run('instances');
    expect(stdout).toMatch(/i-[0-9a-f]{17} +web +running +t3\.small +127\.18\.\d+\.\d+/);
    expect(await json('instances', '--region', 'us-west-2')).toEqual([
      expect.objectContaining({ name: 'far' }),
    ]);
  });

  test('hydrate fills a volume, which usage reports', async () => {
    const [volume] = await json('volumes');
    const contents = async () =>
      (await json('usage')).overlays.find((each: { volumeId: string }) => {
        return each.volumeId === volume.volumeId;
      });
    expect(await contents()).toMatchObject({ content: 'fetched' });
    expect(await json('hydrate', volume.volumeId)).toEqual({
      volumeId: volume.volumeId,
      state: 'completed',
      progressPercent: 100,
    });
    expect(await contents()).toMatchObject({ content: 'whole' });
    const again = await platform.run('hydrate', volume.volumeId, '--no-wait');
    expect(again).toMatchObject({ code: 0, stdout: `${volume.volumeId} has all of its content\n` });
    for (const [args, code, words] of [
      [[], 2, 'name a volume'],
      [['vol-xyz'], 2, 'no volume id'],
      [['vol-0000000000000000f'], 1, 'does not exist'],
    ] as const) {
      const refused = await platform.run('hydrate', ...args);
      expect(refused).toMatchObject({ code, stderr: expect.stringContaining(words) });
    }
  });

  test('ssh knows key, address and user by the name', async () => {
    const { command } = await json('ssh', 'web');
    expect(command.at(-1)).toMatch(/^ec2-user@127\.18\./);
    expect(command).toContain(join(platform.data, 'keys', 'bakehouse.pem'));
    const withCommand = await platform.run('ssh', 'web', '--print', '--', 'echo', 'a b');
    expect(withCommand.stdout.trim()).toMatch(/ec2-user@\S+ echo 'a b'$/);
  });

  test('console prints, and follows until the end', async () => {
    expect((await platform.run('console', 'web')).code).toBe(0);
    expect(await json('console', 'web')).toHaveProperty('output');
  });

  test('a name that two have is refused, naming both', async () => {
    const { code, stderr } = await platform.run('ssh', 'db');
    expect(code).toBe(1);
    expect(stderr).toMatch(/'db' may be any of i-\w+, i-\w+; name one by its id/);
  });

  test('completion offers commands, options and what there is', async () => {
    const words = async (...typed: string[]) =>
      (await platform.run('__complete', ...typed)).stdout.trim().split('\n');
    expect(await words('inst')).toEqual(['instances']);
    expect(await words('stop', '--f')).toEqual(['--force']);
    // Nothing is offered when a busy host's server takes longer than a person waits for a word.
    await expect.poll(() => words('ssh', 'w'), { timeout: 60_000 }).toEqual(['web']);
    await expect.poll(() => words('run', 'ti'), { timeout: 60_000 }).toEqual(['tiny-1']);
  });

  test('stop, start, reboot and terminate wait for their state', async () => {
    const stateOfWeb = async () => (await json('instances', '--all')).find(isWeb)?.state;
    const isWeb = (row: { name: string }) => row.name === 'web';
    const states = [];
    for (const verb of ['stop', 'start', 'reboot', 'terminate']) {
      expect((await platform.run(verb, 'web', 'web')).code).toBe(0);
      states.push(await stateOfWeb());
    }
    expect(states).toEqual(['stopped', 'running', 'running', 'terminated']);
    const { code, stderr } = await platform.run('start', 'web');
    expect([code, stderr]).toEqual([1, expect.stringContaining('IncorrectInstanceState')]);
  });

  test('up uses the server that runs', async () => {
    const answer = await json('up', '--data', platform.data);
    expect(answer).toEqual({ endpoint: platform.url });
  });
});

describe('mistakes', () => {
  test.each([
    [2, ['nope'], /no command 'nope'/],
    [2, ['help', 'nope'], /no command 'nope'; 'bakehouse help' lists/],
    [2, ['--help', 'nope'], /no command 'nope'/],
    [2, ['help', 'account', 'nope'], /no command 'account nope'; 'bakehouse account --help' lists/],
    [2, ['help', 'bakes', 'nope'], /no command 'bakes nope'/],
    [2, ['images', '--bogus'], /--bogus/],
    [2, ['ssh'], /name an instance/],
    [2, ['run', '--count', '0'], /--count must be/],
    [2, ['completion', 'tcsh'], /bash\|zsh\|fish/],
    [2, ['down', 'web'], /^bakehouse down: 'web' is not expected$/m],
    [2, ['account', 'list', 'web'], /'web' is not expected/],
    [2, ['account', 'create', '111'], /ACCOUNT-ID must have 12 digits/],
    [2, ['events', '--kind', 'foo'], /^bakehouse events: There are no events of the kind 'foo'/],
    [2, ['down', '--delete-data'], /--destroy/],
    [2, ['down', '--destroy'], /--yes/],
    [2, ['serve', '--listen', 'nowhere'], /HOST:PORT/],
    [1, ['ssh', 'nobody'], /no instance 'nobody'/],
    [1, ['run', 'no-image'], /no image 'no-image'/],
    [1, ['run', '--user-data', '/nowhere/at/all'], /--user-data \/nowhere/],
    [1, ['run', '--type', 'z9.huge'], /InvalidParameterValue|Unsupported/],
    [1, ['images', '--region', 'eu-north-1'], /\S/],
  ])('exit code %i for %j', async (code, args, words) => {
    const result = await platform.run(...args);
    expect({ code: result.code, stdout: result.stdout }).toEqual({ code, stdout: '' });
    expect(result.stderr).toMatch(words);
    expect(result.stderr).not.toMatch(/\n\s+at /);
  });

  test.each([
    [['help'], 'usage: bakehouse COMMAND'],
    [['--help', '--json'], 'usage: bakehouse COMMAND'],
    [['help', 'help'], 'usage: bakehouse COMMAND'],
    [['help', 'account', 'create'], 'usage: bakehouse account create'],
    [['help', 'account'], 'usage: bakehouse account create'],
  ])('%j is no mistake', async (args, first) => {
    const { code, stdout } = await platform.run(...args);
    expect([code, stdout]).toEqual([0, expect.stringContaining(first)]);
  });

  test('a folder without a server is reported with the way out', async () => {
    const { code, stderr } = await runProgram(['images'], { env: cleanEnvironment(scratch) });
    expect([code, stderr]).toEqual([1, expect.stringContaining('bakehouse serve')]);
  });

  test("a second server on the folder is refused with the first one's pid", async () => {
    const args = ['serve', '--compute', 'simulated', '--listen', '127.0.0.1:0'];
    const { code, stderr } = await runProgram(args, { env: cleanEnvironment(platform.data) });
    expect([code, stderr]).toEqual([2, expect.stringContaining(`process ${platform.pid}`)]);
  });

  test('a port that is taken is reported with the way out', async () => {
    const listen = new URL(platform.url).host;
    const folder = join(scratch, 'other');
    const args = ['serve', '--compute', 'simulated', '--listen', listen];
    const { code, stderr } = await runProgram(args, { env: cleanEnvironment(folder) });
    expect([code, stderr]).toEqual([2, expect.stringContaining('port 0 takes a free one')]);
  });
});

describe('however it is called', () => {
  const program = resolve(import.meta.dirname, '..', 'bin', 'bakehouse');
  const env = () => cleanEnvironment(platform.data);

  test.each([
    ['an absolute link', () => program],
    ['a relative link', () => relative(scratch, program)],
  ])('it runs by %s, from another folder', async (name, target) => {
    const link = join(scratch, name.replaceAll(' ', '-'));
    await symlink(target(), link);
    const second = `${link}-again`;
    await symlink(relative(scratch, link), second);
    const version = (await readFile(resolve(program, '../../package.json'), 'utf8')).match(
      /"version": "(.+)"/,
    )?.[1];
    const { stdout, code } = await runProgram(['--version'], {
      env: env(),
      cwd: '/',
      path: second,
    });
    expect([code, stdout.trim()]).toEqual([0, version]);
  });

  test('it runs as npm links it: by a link into a package that is a link', async () => {
    const packages = join(scratch, 'node_modules', '@bakehouse');
    await mkdir(packages, { recursive: true });
    await symlink(resolve(program, '../..'), join(packages, 'cli'));
    const link = join(scratch, 'node_modules', 'bakehouse');
    await symlink('@bakehouse/cli/bin/bakehouse', link);
    const { stdout, code } = await runProgram(['--version'], { env: env(), path: link });
    expect([code, stdout.trim()]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  test('an older Node on the PATH is passed over', async () => {
    const old = join(scratch, 'node');
    await writeFile(old, '#!/bin/sh\necho v20.0.0\n', { mode: 0o755 });
    const path = { ...env(), PATH: `${scratch}:/usr/bin:/bin` };
    const { stdout, code } = await runProgram(['help', 'run'], { env: path });
    expect([code, stdout.split('\n')[0]]).toEqual([
      0,
      expect.stringContaining('usage: bakehouse run'),
    ]);
  });

  test.each(['bash', 'zsh', 'fish'])('the completion script for %s is printed', async (shell) => {
    const { stdout, code } = await platform.run('completion', shell);
    expect([code, stdout]).toEqual([0, expect.stringContaining('__complete')]);
  });

  test('bash completes with its script', async () => {
    const script = [
      'eval "$("$0" completion bash)"',
      'COMP_WORDS=("$0" comple); COMP_CWORD=1',
      '_bakehouse; echo "$COMPREPLY"',
    ].join('\n');
    const { stdout } = await runProgram(['-c', script, program], { env: env(), path: '/bin/bash' });
    expect(stdout.trim()).toBe('completion');
  });
});

test.each([
  ['there is no server', 'http://127.0.0.1:1'],
  ['the server breaks off', undefined],
])('where %s, a command ends with one line and the way out', async (_what, away) => {
  const cutting = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
  onTestFinished(() => void cutting.close());
  await once(cutting, 'listening');
  const { port } = cutting.address() as AddressInfo;
  const keys = { AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' };
  const url = away ?? `http://127.0.0.1:${port}`;
  const env = { ...cleanEnvironment(scratch), ...keys, AWS_ENDPOINT_URL: url };
  expect(await runProgram(['instances'], { env })).toEqual({
    code: 1,
    stdout: '',
    stderr: `bakehouse instances: the server that AWS_ENDPOINT_URL names, ${url}, does not answer; start it with 'bakehouse serve'\n`,
  });
});

test('SIGTERM ends the server in an orderly way, and down finds none then', async () => {
  await using other = await startPlatform();
  expect(await other.terminate()).toBe(0);
  const { code, stdout } = await other.run('down');
  expect([code, stdout]).toEqual([0, expect.stringContaining('no server ran')]);
  const gone = await other.run('status');
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('does not answer')]);
  const variables = await other.run('env');
  expect(variables.code).toBe(0);
  expect(variables.stdout).toContain(`export AWS_ENDPOINT_URL=${other.url}\n`);
  expect(variables.stderr).toBe(
    `no server answers at ${other.url}; start it with 'bakehouse serve'\n`,
  );
});

test('down ends the server, and with --delete-data the folder', async () => {
  await using other = await startPlatform();
  const { code, stdout } = await other.run('down');
  expect([code, stdout]).toEqual([0, expect.stringContaining(`server ${other.pid} ended`)]);
  const destroyed = await other.run('down', '--destroy', '--delete-data', '--yes', '--json');
  expect(JSON.parse(destroyed.stdout)).toMatchObject({ deleted: other.data });
  await expect(stat(other.data)).rejects.toThrow('ENOENT');
});
