import { expect, test } from 'vitest';
import { socketFault } from './socket-fault.ts';

const failed = (code: string) => Object.assign(new Error(`read ${code}`), { code });

test.each(['ECONNRESET', 'EPIPE'])("%s is QEMU's own end, no fault", (code) => {
  expect(socketFault(failed(code))).toBeUndefined();
});

test('any other error is a fault', () => {
  for (const error of [failed('EIO'), new Error('unnamed')]) expect(socketFault(error)).toBe(error);
});
