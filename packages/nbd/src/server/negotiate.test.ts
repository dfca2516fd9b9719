import { silentLogger } from '@bakehouse/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteChannel, hungUp } from '../channel/byte-channel.ts';
import { baseAllocation, optionReplyType, optionType } from '../codec/constants.ts';
import { encodeClientFlags } from '../codec/handshake.ts';
import { decodeOptionReplyHeader, encodeOption } from '../codec/option.ts';
import {
  decodeInfo,
  decodeMetaContext,
  encodeInfoRequest,
  encodeMetaContextRequest,
} from '../codec/option-data.ts';
import { NbdConnectionError, NbdProtocolError } from '../errors.ts';
import { inPieces, pieceLengths } from '../testing/in-pieces.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { ExportSlot } from './export-slot.ts';
import type { ServerSession } from './handshake-state.ts';
import { defaultServerLimits } from './limits.ts';
import { negotiateServer } from './negotiate.ts';

interface Reply {
  readonly option: number;
  readonly type: number;
  readonly data: Buffer;
}

const limits = { ...defaultServerLimits, optionBytesMax: 4096 };
const flags = encodeClientFlags({ noZeroes: true });

/** Runs the server's side over what a client says, then hangs up. */
async function converse(said: Buffer, lengths: readonly number[] = [1 << 20]) {
  const output: Buffer[] = [];
  let opened = 0;
  const channel = new ByteChannel({ send: (bytes) => output.push(bytes) }, 1 << 20);
  const slot = new ExportSlot(async (name) => {
    opened += 1;
    if (name === 'broken') throw new Error('it does not open');
    return name === 'disk' ? memoryDevice(Buffer.alloc(1000)) : undefined;
  });
  const outcome = negotiateServer({
    channel,
    slot,
    limits,
    logger: silentLogger,
  }).then(
    (session) => ({ session }),
    (error: unknown) => ({ error }),
  );
  for (const piece of inPieces(said, lengths)) channel.feed(piece);
  await new Promise((resolve) => setImmediate(resolve));
  channel.fail(hungUp('the test'));
  const result: { session?: ServerSession | undefined; error?: unknown } = await outcome;
  return { ...result, output: Buffer.concat(output), opened };
}

function repliesOf(output: Buffer): Reply[] {
  const replies: Reply[] = [];
  for (let at = 18; at < output.length; ) {
    const { option, type, lengthBytes } = decodeOptionReplyHeader(output.subarray(at));
    replies.push({ option, type, data: output.subarray(at + 20, at + 20 + lengthBytes) });
    at += 20 + lengthBytes;
  }
  return replies;
}

const option = {
  structured: encodeOption(optionType.structuredReply, Buffer.alloc(0)),
  list: encodeOption(optionType.list, Buffer.alloc(0)),
  abort: encodeOption(optionType.abort, Buffer.alloc(0)),
  info: (exportName: string, infoTypes: number[] = []) =>
    encodeOption(optionType.info, encodeInfoRequest({ exportName, infoTypes })),
  go: (exportName: string) =>
    encodeOption(optionType.go, encodeInfoRequest({ exportName, infoTypes: [] })),
  contexts: (type: number, exportName: string, queries: string[]) =>
    encodeOption(type, encodeMetaContextRequest({ exportName, queries })),
  exportName: (name: string) => encodeOption(optionType.exportName, Buffer.from(name)),
};

const types = (output: Buffer) => repliesOf(output).map((reply) => reply.type);

test('a client like QEMU comes to transmission, whatever the pieces', async () => {
  const said = Buffer.concat([
    flags,
    option.structured,
    option.contexts(optionType.setMetaContext, 'disk', [baseAllocation, 'qemu:x']),
    option.go('disk'),
  ]);
  await fc.assert(
    fc.asyncProperty(pieceLengths, async (lengths) => {
      const { session, opened } = await converse(said, lengths);
      expect(session).toMatchObject({ structuredReplies: true, allocationContextId: 1 });
      expect(session?.device.sizeBytes).toBe(1000);
      expect(opened).toBe(1);
    }),
    { numRuns: 30 },
  );
});

test('the export is announced as read-only, of its size, with its block sizes', async () => {
  const { output } = await converse(
    Buffer.concat([flags, option.structured, option.info('disk', [1])]),
  );
  const replies = repliesOf(output).slice(1);
  expect(replies.slice(0, 3).map((reply) => decodeInfo(reply.data))).toEqual([
    // HAS_FLAGS, READ_ONLY, SEND_FLUSH, SEND_DF, CAN_MULTI_CONN, SEND_CACHE
    { kind: 'export', info: { sizeBytes: 1000, transmissionFlags: 0b101_1000_0111 } },
    { kind: 'name', name: 'disk' },
    {
      kind: 'blockSize',
      sizes: { minimumBytes: 1, preferredBytes: 4096, maximumBytes: 32 * 1024 * 1024 },
    },
  ]);
  expect(replies[3]?.type).toBe(optionReplyType.ack);
});

test('a client of the old option gets size and flags and is served', async () => {
  const { session, output } = await converse(Buffer.concat([flags, option.exportName('disk')]));
  expect(session).toMatchObject({ structuredReplies: false });
  expect(session).not.toHaveProperty('allocationContextId');
  expect(output.subarray(18).toString('hex')).toBe('00000000000003e8' + '0507');
});

test.each([
  ['an unknown export', option.go('none'), [optionReplyType.errUnknown]],
  ['an export that does not open', option.go('broken'), [optionReplyType.errUnknown]],
  ['an unknown option', encodeOption(77, Buffer.from('x')), [optionReplyType.errUnsupported]],
  ['TLS', encodeOption(5, Buffer.alloc(0)), [optionReplyType.errUnsupported]],
  ['a malformed option', encodeOption(7, Buffer.from('xyz')), [optionReplyType.errInvalid]],
  ['a list with data', encodeOption(3, Buffer.from('x')), [optionReplyType.errInvalid]],
  ['a long option', encodeOption(7, Buffer.alloc(5000)), [optionReplyType.errTooBig]],
  [
    'contexts before structured replies',
    option.contexts(optionType.setMetaContext, 'disk', [baseAllocation]),
    [optionReplyType.errInvalid],
  ],
])('is refused, and the next option is answered: %s', async (_, said, expected) => {
  const { output, error } = await converse(Buffer.concat([flags, said, option.list]));
  expect(types(output)).toEqual([...expected, optionReplyType.errPolicy]);
  expect(error).toBeInstanceOf(NbdConnectionError);
});

test('no error text exceeds what the protocol allows for a string', async () => {
  // Its option just fits.
  const long = '\u20ac'.repeat(1363);
  const said = [option.info(long), option.go(long), encodeOption(99, Buffer.alloc(4096))];
  const { output } = await converse(Buffer.concat([flags, ...said]));
  const replies = repliesOf(output);
  const { errUnknown, errUnsupported } = optionReplyType;
  expect(replies.map(({ type }) => type)).toEqual([errUnknown, errUnknown, errUnsupported]);
  const texts = replies.map(({ data }) => data);
  for (const text of texts) {
    expect(text.length).toBeLessThanOrEqual(4096);
    expect(new TextDecoder('utf-8', { fatal: true }).decode(text)).not.toBe('');
  }
});

test('a client that reads no replies is not asked for its next option', async () => {
  const output: Buffer[] = [];
  const taken = Promise.withResolvers<void>();
  const channel = new ByteChannel(
    { send: (bytes) => output.push(bytes), drained: () => taken.promise },
    1 << 20,
  );
  const slot = new ExportSlot(async () => undefined);
  const served = negotiateServer({ channel, slot, limits, logger: silentLogger });
  channel.feed(Buffer.concat([flags, option.list, option.list, option.abort]));
  await new Promise((resolve) => setImmediate(resolve));
  expect(types(Buffer.concat(output))).toEqual([optionReplyType.errPolicy]);
  taken.resolve();
  await served;
  expect(types(Buffer.concat(output))).toEqual([
    optionReplyType.errPolicy,
    optionReplyType.errPolicy,
    optionReplyType.ack,
  ]);
});

test('abort is acknowledged and ends the handshake without a session', async () => {
  const { output, session, error } = await converse(Buffer.concat([flags, option.abort]));
  expect(types(output)).toEqual([optionReplyType.ack]);
  expect([session, error]).toEqual([undefined, undefined]);
});

test.each([
  ['all when nothing is asked', [], [baseAllocation]],
  ['the namespace', ['base:'], [baseAllocation]],
  ['the context itself', [baseAllocation], [baseAllocation]],
  ['another one', ['qemu:dirty-bitmap:x'], []],
])('listing contexts returns what exists: %s', async (_, queries, expected) => {
  const list = option.contexts(optionType.listMetaContext, 'disk', queries);
  const { output } = await converse(Buffer.concat([flags, option.structured, list]));
  const contexts = repliesOf(output).filter((reply) => reply.type === optionReplyType.metaContext);
  expect(contexts.map((reply) => decodeMetaContext(reply.data).name)).toEqual(expected);
  expect(types(output).at(-1)).toBe(optionReplyType.ack);
});

test.each([
  ['for another export', option.contexts(optionType.setMetaContext, 'none', [baseAllocation])],
  ['replaced by none', option.contexts(optionType.setMetaContext, 'disk', [])],
  ['by its namespace only', option.contexts(optionType.setMetaContext, 'disk', ['base:'])],
])('a context is not selected %s', async (_, last) => {
  const first = option.contexts(optionType.setMetaContext, 'disk', [baseAllocation]);
  const said = Buffer.concat([flags, option.structured, first, last, option.go('disk')]);
  const { session } = await converse(said);
  expect(session).toBeDefined();
  expect(session).not.toHaveProperty('allocationContextId');
});

test.each([
  ['unknown client flags', Buffer.from([0, 0, 0, 9])],
  ['bad option magic', Buffer.concat([flags, Buffer.alloc(16, 1)])],
  [
    'an option without end',
    Buffer.concat([flags, encodeOption(7, Buffer.alloc(4)).fill(0xff, 12)]),
  ],
  ['a long export name', Buffer.concat([flags, option.exportName('x'.repeat(5000))])],
  [
    'options without end',
    Buffer.concat([flags, ...Array.from({ length: 1025 }, () => option.list)]),
  ],
])('ends the connection: %s', async (_, said) => {
  const { error } = await converse(said);
  expect(error).toBeInstanceOf(NbdProtocolError);
});

test('garbage ends in an error of the protocol or the connection', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(fc.nat({ max: 12 }), fc.uint8Array({ maxLength: 60 }))
      .map(([type, data]) => encodeOption(type, Buffer.from(data))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece), pieceLengths, async (pieces, lengths) => {
      const { error } = await converse(Buffer.concat([flags, ...pieces]), lengths);
      if (error === undefined) return;
      expect([NbdProtocolError, NbdConnectionError].some((kind) => error instanceof kind)).toBe(
        true,
      );
    }),
  );
});
