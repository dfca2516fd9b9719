import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { waitForSsh } from '../src/ssh/wait-for-ssh.ts';

const program = join(import.meta.dirname, 'wait-in-namespace.ts');

/** In a network of its own: the host's sshd, or a platform that runs beside the tests, may have its port or its address. */
async function waited(...greeting: string[]) {
  const script = 'ip link set lo up && exec "$@"';
  const command = ['sh', '-c', script, 'sh', process.execPath, program, ...greeting];
  const { stdout } = await promisify(execFile)('unshare', ['--net', ...command], {
    timeout: 60_000,
  });
  return JSON.parse(stdout);
}

test('an ssh server is known by its greeting; where a login does not work, the error has what ssh says', async () => {
  expect(await waited('SSH-2.0-OpenSSH_9.2\r\n')).toEqual({
    isSsh: true,
    failure: expect.stringMatching(/ssh says: \S/),
  });
});

const nothing =
  /no ssh login on i-1 within 1 s: nothing answers on 127\.0\.0\.1 port 22; .*security group/;

test('another server on the port is none', async () => {
  const seen = await waited('HTTP/1.1 400 Bad Request\r\n');
  expect(seen).toEqual({ isSsh: false, failure: expect.stringMatching(nothing) });
});

test('where nothing listens, the error asks for the security group', async () => {
  expect(await waited()).toEqual({ isSsh: false, failure: expect.stringMatching(nothing) });
});

test('an instance that is gone ends the wait at once', async () => {
  const onWait = async () => {
    throw new Error('i-1 is terminated');
  };
  const target = {
    instanceId: 'i-1',
    address: '127.0.0.1',
    user: 'nobody',
    knownHostsPath: '/dev/null',
  };
  const signal = new AbortController().signal;
  await expect(waitForSsh({ target, timeoutMs: 60_000, onWait }, signal)).rejects.toThrow(
    'i-1 is terminated',
  );
});
