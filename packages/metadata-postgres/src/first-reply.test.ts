import { expect, test } from 'vitest';
import { unfitReply } from './first-reply.ts';

test.each([
  ['S', undefined],
  ['N', 'NO_TLS'],
  ['Ecould not fork new process for connection\n\0', 'CUT_OFF'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'NOT_POSTGRES'],
  ['N\0\0\0', 'NOT_POSTGRES'],
  ['HTTP/1.1 400 Bad Request\r\n', 'NOT_POSTGRES'],
])('where TLS is asked for, %j means %s', (reply, code) => {
  expect(unfitReply(Buffer.from(reply, 'latin1'), true)?.code).toBe(code);
});

test.each([
  ['R\0\0\0\b\0\0\0\0', undefined],
  ['R', undefined],
  ['R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0', undefined],
  ['E\0\0\0\x20SFATAL\0', undefined],
  ['Ecould not fork new process for connection\n\0', undefined],
  ['N\0\0\0\x20SNOTICE\0', undefined],
  ['v\0\0\0\x0c\0\x03\0\0', undefined],
  ['RFB 003.008\n', 'NOT_POSTGRES'],
  ['SSH-2.0-OpenSSH_9.2\r\n', 'NOT_POSTGRES'],
  ['HTTP/1.1 400 Bad Request\r\n', 'NOT_POSTGRES'],
  ['J\0\0\0\n8.0.36\0', 'NOT_POSTGRES'],
  ['N\0\0\0\n5.7.44-log\0', 'NOT_POSTGRES'],
  ['R\0\0\0\n10.4.8-MariaDB\0', 'NOT_POSTGRES'],
  ["E\0\0\0\xffj\x04Host 'db' is not allowed", 'NOT_POSTGRES'],
  ['-ERR unknown command\r\n', 'NOT_POSTGRES'],
])('without TLS, %j means %s', (reply, code) => {
  expect(unfitReply(Buffer.from(reply, 'latin1'), false)?.code).toBe(code);
});
