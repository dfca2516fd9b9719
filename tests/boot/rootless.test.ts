import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { findProcesses } from '@bakehouse/host';
import { missingForOrdinaryUser, ordinaryUser } from '@bakehouse/testkit';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { output, run } from './support/run.ts';
import { copyData } from './support/small-platform.ts';
import { until } from './support/wait.ts';

const shared = inject('platform');
const missing = await missingForOrdinaryUser();
const cli = join(import.meta.dirname, '../../apps/cli/src/main.ts');
const limitMs = 900_000;

/** One guest in the network of an ordinary user, who has the image of the shared platform. */
describe.skipIf(missing.length > 0)('the main job of an ordinary user', () => {
  let user: Awaited<ReturnType<typeof ordinaryUser>>;
  let data: string;

  const command = (...args: string[]) => [
    ...user.enter,
    ...['env', `BAKEHOUSE_DATA=${data}`, 'BAKEHOUSE_LISTEN=127.0.0.1:4599'],
    ...[user.path(process.execPath), user.path(cli), ...args],
  ];
  const bakehouse = (...args: string[]) => output(command(...args), { limitMs });
  const inGuest = async (script: string) =>
    (await bakehouse('ssh', 'first-instance', '--', script)).trim();
  const processes = async (text: string) => (await run(['pgrep', '-f', text])).stdout;
  /** The process ids of QEMUs: each works in its machine's folder. */
  const guests = async () => {
    const found = await findProcesses(
      ({ argv: [program = ''], cwd = '' }) =>
        basename(program).startsWith('qemu-system-') && cwd.startsWith(`${data}/instances/`),
    );
    return found.map(({ pid }) => pid);
  };

  beforeAll(async () => {
    user = await ordinaryUser();
    data = join(user.home, 'data');
    await mkdir(data, { mode: 0o700 });
    await copyData(shared.dataDirectory, data);
    await output(['chown', '--recursive', `--reference=${user.home}`, data]);
  });
  afterAll(async () => {
    await run(command('down', '--destroy', '--delete-data', '--yes'));
    await user.dispose();
  });

  test('from an image to an ssh login', { timeout: limitMs }, async () => {
    const up = JSON.parse(await bakehouse('up', '--json'));
    expect(up.ssh).toContain(` -p 20022 ec2-user@${up.publicIp}`);
    const token = `$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)`;
    const readId = `curl -fsS -H "X-aws-ec2-metadata-token: ${token}" http://169.254.169.254/latest/meta-data/instance-id`;
    expect(await inGuest(`id -un; ${readId}`)).toBe(`ec2-user\n${up.instanceId}`);
  });

  test('the guest reaches the outside, and nothing of the host', async () => {
    const { enter, address } = user.outside;
    const folder = await mkdtemp(join(tmpdir(), 'bakehouse-outside-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'hello'), 'from outside');
    const serve = (where: readonly string[], port: number) => {
      const httpd = ['busybox', 'httpd', '-f', '-p', `${port}`, '-h', folder];
      const [program = '', ...args] = [...where, ...httpd];
      const server = spawn(program, args, { stdio: 'inherit' });
      onTestFinished(() => void server.kill());
    };
    const ask = (url: string) => `curl -sS --retry 9 --retry-connrefused -m 60 ${url}/hello`;
    serve(enter, 80);
    expect(await inGuest(ask(`http://${address}`))).toBe('from outside');
    // A service of the host, at all of its addresses.
    await chmod(folder, 0o755);
    serve(user.enter, 8081);
    for (const host of [user.hostAddress, user.innerAddress]) {
      const url = `http://${host}:8081`;
      expect(await output([...user.enter, 'sh', '-c', ask(url)])).toBe('from outside');
      expect(await inGuest(`curl -sS -m 5 ${url}/hello || echo refused`)).toBe('refused');
    }
  });

  test('a server that was killed is followed by another; stop and start', {
    timeout: limitMs,
  }, async () => {
    const status = JSON.parse(await bakehouse('status', '--json'));
    process.kill(status.pid, 'SIGKILL');
    const before = await guests();
    expect(before).toHaveLength(1);
    const again = JSON.parse(await bakehouse('up', '--json'));
    expect(await guests()).toEqual(before);
    expect(await inGuest('id -un')).toBe('ec2-user');
    await bakehouse('stop', again.instanceId);
    await bakehouse('start', again.instanceId);
    const askUser = command('ssh', 'first-instance', '--', 'id -un');
    await until('an ssh login after the start', async () => (await run(askUser)).code === 0, {
      limitMs,
    });
  });

  test('all of it is removed', async () => {
    await bakehouse('down', '--destroy', '--delete-data', '--yes');
    expect(await output(['find', user.home, '-name', 'data'])).toBe('');
    expect(await processes(user.home)).toBe('');
  });
});
