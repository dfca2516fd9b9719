import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeNamespacesCommand } from '@bakehouse/host';
import {
  missingForOrdinaryUser,
  type OrdinaryUser,
  ordinaryUser,
  readyUrl,
  takePublicRange,
} from '@bakehouse/testkit';
import { expect, onTestFinished, test } from 'vitest';

const missing = await missingForOrdinaryUser();
const start = join(import.meta.dirname, '../src/start.ts');
const cli = join(import.meta.dirname, '../../cli/src/main.ts');

async function aUser(options?: Parameters<typeof ordinaryUser>[0]): Promise<OrdinaryUser> {
  const user = await ordinaryUser(options);
  onTestFinished(() => user.dispose());
  return user;
}

/** A program of this repository, as the user runs it. */
const command = (user: OrdinaryUser, program: string, ...args: string[]) => [
  ...user.enter,
  ...[user.path(process.execPath), user.path(program), ...args],
];

/** A user's folder, and the argv of its server. */
async function aPlatform() {
  const user = await aUser();
  const data = join(user.home, 'data');
  const range = await takePublicRange();
  onTestFinished(() => range.release());
  const settings = ['--data', data, '--listen', '127.0.0.1:0', '--log-level', 'error'];
  const server = command(user, start, ...settings, '--public-cidr', range.cidr);
  return { user, data, server };
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run([program = '', ...args]: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 60_000 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

interface Serving {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly url: string;
}

async function serve(argv: readonly string[]): Promise<Serving> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  return { child, ended, url: await readyUrl(child) };
}

const healthOf = async (user: OrdinaryUser, url: string) => {
  const { stdout } = await run([...user.enter, 'curl', '-sS', `${url}/healthz`]);
  return JSON.parse(stdout);
};

const processesOf = async (text: string) => {
  const { stdout } = await run(['pgrep', '-a', '-f', text]);
  return stdout.split('\n').filter((line) => line !== '' && !line.includes('pgrep'));
};

const mountsOf = async ({ pid }: Pick<ChildProcess, 'pid'>) =>
  await readlink(`/proc/${pid}/ns/mnt`);

/** A container of the user that says it is the platform's, before there is one, and then whatever the platform says. */
async function anImitation(user: OrdinaryUser, data: string) {
  const copy = `until cat ${data}/namespaces > /run/bakehouse-proof; do sleep 0.1; done; exec sleep 1000`;
  const argv = [...user.enter, ...makeNamespacesCommand(data, ['sh', '-c', copy])];
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: 'ignore' }).on('error', () => {});
  const says = async (file: string) =>
    await readFile(`/proc/${child.pid}/root/run/${file}`, 'utf8').catch(() => '');
  await expect.poll(() => says('bakehouse-of'), { timeout: 20_000 }).toBe(data);
  return { child, proof: async () => await says('bakehouse-proof') };
}

test.skipIf(missing.length > 0)(
  'an ordinary user starts a platform, which outlives its server, and removes it',
  { timeout: 180_000 },
  async () => {
    const { user, data, server } = await aPlatform();
    const imitation = await anImitation(user, data);

    const first = await serve(server);
    const mounts = await mountsOf(first.child);
    expect(mounts).not.toBe(await mountsOf(imitation.child));
    expect(await healthOf(user, first.url)).toMatchObject({ status: 'ok', compute: 'qemu' });
    // No wrapper is left between the user and the server.
    expect((await healthOf(user, first.url)).pid).toBe(first.child.pid);
    const blockServers = await processesOf(`block-server.ts --store ${data}`);
    expect(blockServers).toHaveLength(1);
    const proof = await readFile(join(data, 'namespaces'), 'utf8');
    await expect.poll(imitation.proof, { timeout: 20_000 }).toBe(proof);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = await serve(server);
    expect(await mountsOf(second.child)).toBe(mounts);
    expect(await processesOf(`block-server.ts --store ${data}`)).toEqual(blockServers);
    const doctor = await run(command(user, cli, 'doctor', '--data', data, '--json'));
    const checks: { status: string; name: string }[] = JSON.parse(doctor.stdout);
    expect(checks.map(({ name }) => name)).toContain("guests' ports");
    const failed = checks.filter(({ status }) => status === 'fail');
    expect(failed).toEqual([]);
    const down = await run(command(user, cli, 'down', '--data', data));
    expect(down).toMatchObject({ code: 0, stderr: '' });
    await second.ended;

    const destroy = ['down', '--destroy', '--delete-data', '--yes', '--data', data];
    expect(await run(command(user, cli, ...destroy))).toMatchObject({ code: 0, stderr: '' });
    expect(await processesOf(user.home)).toEqual([]);
  },
);

test.skipIf(missing.length > 0)(
  'only a server that has its folder ends what is in namespaces of nobody, and an end that is confirmed',
  { timeout: 400_000 },
  async () => {
    const { user, data, server } = await aPlatform();
    const lost = async () => await processesOf(`setInterval.* ${data}/blocks`);
    const lose = async () => {
      // Also pasta, which does not name the folder.
      const { uid } = await stat(user.home);
      const { stdout } = await run(['pgrep', '-a', '-u', `${uid}`]);
      const all = [...(await processesOf(data)), ...stdout.split('\n').filter(Boolean)];
      // Some end with others.
      await run(['kill', '-9', ...all.map((line) => line.split(' ', 1)[0] ?? '')]);
      await expect.poll(() => processesOf(data), { timeout: 20_000 }).toEqual([]);
      const namespace = ['unshare', '--user', '--map-root-user', user.path(process.execPath)];
      const idle = [...namespace, '-e', 'setInterval(() => {}, 1e6)', join(data, 'blocks')];
      const [program = '', ...args] = [...user.enter, ...idle];
      spawn(program, args, { stdio: 'ignore' }).on('error', () => {});
      await expect.poll(lost, { timeout: 20_000 }).toHaveLength(1);
      // It has become the program.
      const unshares = () => processesOf(`^unshare .*${data}/blocks`);
      await expect.poll(unshares, { timeout: 20_000 }).toEqual([]);
    };

    const first = await serve(server);
    await lose();
    await first.ended;
    await run(command(user, cli, 'doctor', '--data', data));
    const destroy = ['down', '--destroy', '--data', data];
    expect((await run(command(user, cli, ...destroy))).stderr).toContain('Say so by --yes');
    const lock = new DatabaseSync(join(data, 'lock.sqlite'));
    lock.exec('BEGIN EXCLUSIVE');
    expect((await run(server)).stderr).toMatch(/served by .* already/);
    lock.close();
    expect(await lost()).toHaveLength(1);
    const second = await serve(server);
    expect(await lost()).toEqual([]);

    await lose();
    await second.ended;
    expect(await run(command(user, cli, ...destroy, '--yes'))).toMatchObject({ code: 0 });
    expect(await processesOf(user.home)).toEqual([]);
  },
);

test.skipIf(missing.length > 0)(
  'a user who lacks something is shown all of it, each with the command that gives it',
  { timeout: 60_000 },
  async () => {
    const user = await aUser({ without: ['ids', 'tun'] });
    const data = join(user.home, 'data');
    const { code, stderr } = await run(command(user, start, '--data', data));
    expect(code).toBe(2);
    expect(stderr).toMatch(/sudo usermod --add-subuids \d+-\d+ --add-subgids \d+-\d+ ordinary/);
    expect(stderr).toContain('sudo chmod 0666 /dev/net/tun');
    expect(stderr).not.toContain('apt-get');
    const doctor = await run(command(user, cli, 'doctor', '--data', data));
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toMatch(/FAIL +rootless subordinate ids/);
    // What needs no guests needs none of it.
    const simulated = ['--compute', 'simulated', '--listen', '127.0.0.1:0', '--log-level', 'error'];
    const { child, ended, url } = await serve(command(user, start, '--data', data, ...simulated));
    expect(await healthOf(user, url)).toMatchObject({ compute: 'simulated' });
    child.kill('SIGTERM');
    await ended;
  },
);
