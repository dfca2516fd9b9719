import { expect, test } from 'vitest';
import { asRoot } from '../src/as-root.ts';
import { endOfServer } from '../src/testing/end-of-server.ts';

test('a program in its own namespaces ends, with its parents there, when the server is killed', async () => {
  const inShell = (program: readonly string[]) =>
    asRoot(0, ['sh', '-c', '"$@"; :', 'sh', ...program]);
  expect(await endOfServer(inShell)).toEqual({ ran: true, ended: true });
});
