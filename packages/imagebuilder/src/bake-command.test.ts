import { runCommand } from '@bakehouse/host';
import { expect, test } from 'vitest';
import { bakeCommandRunner } from './bake-command.ts';
import { endOfServer } from './testing/end-of-server.ts';

function someBake(signal?: AbortSignal) {
  const lines: string[] = [];
  const run = bakeCommandRunner({
    runCommand,
    environment: { https_proxy: 'http://proxy.example:3128' },
    log: (line) => lines.push(line),
    signal,
  });
  return { lines, run };
}

test('programs get the proxies of the operator and a umask for files of others', async () => {
  const output = await someBake().run(['sh', '-c', 'echo "$https_proxy $BASE"; umask'], {
    environment: { BASE: 'base' },
  });
  expect(output).toBe('http://proxy.example:3128 base\n0022\n');
});

test('output goes to the log without credentials, and secret output not at all', async () => {
  const { lines, run } = someBake();
  await run(['echo', 'fetching http://someone:password@mirror.example/debian']);
  await run(['echo', 'Acquire::http::Proxy::User "password"'], { isSecret: true });
  expect(lines).toEqual(['fetching http://***@mirror.example/debian']);
});

test('an abort ends the program and its children, and rejects with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('cancelled');
  const { run } = someBake(controller.signal);
  const running = run(['sh', '-c', 'sleep 600 & echo started; wait'], {
    onLine: () => controller.abort(reason),
  });
  await expect(running).rejects.toBe(reason);
});

test('a program ends with the server, even one that is killed', async () => {
  expect(await endOfServer((program) => program)).toEqual({ ran: true, ended: true });
});
