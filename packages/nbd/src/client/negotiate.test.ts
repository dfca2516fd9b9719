import { silentLogger } from '@bakehouse/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteChannel, hungUp } from '../channel/byte-channel.ts';
import { baseAllocation, optionReplyType, optionType } from '../codec/constants.ts';
import { encodeGreeting } from '../codec/handshake.ts';
import { encodeOptionReply } from '../codec/option.ts';
import { encodeMetaContext } from '../codec/option-data.ts';
import { NbdConnectionError, NbdProtocolError, NbdServerError } from '../errors.ts';
import { ExportSlot } from '../server/export-slot.ts';
import { defaultServerLimits } from '../server/limits.ts';
import { negotiateServer } from '../server/negotiate.ts';
import { channelPair } from '../testing/channel-pair.ts';
import { memoryDevice } from '../testing/memory-device.ts';
import { negotiateClient } from './negotiate.ts';

const request = { exportName: 'disk', metaContexts: [baseAllocation] };

test.each([1, 7, 100_000])('client and server agree, %i bytes at a time', async (pieceBytes) => {
  const { client, server } = channelPair(pieceBytes);
  const slot = new ExportSlot(async (name) =>
    name === 'disk' ? memoryDevice(Buffer.alloc(5000)) : undefined,
  );
  const serving = negotiateServer({
    channel: server,
    slot,
    limits: { ...defaultServerLimits, requestBytesMax: 8192 },
    logger: silentLogger,
  });
  const session = await negotiateClient(client, request);
  expect(session).toMatchObject({
    exportInfo: { sizeBytes: 5000 },
    structuredReplies: true,
    requestBytesMax: 8192,
    alignmentBytes: 1,
  });
  expect([...session.contexts.values()]).toEqual([baseAllocation]);
  expect(await serving).toMatchObject({ structuredReplies: true, allocationContextId: 1 });
});

/** The client's side against a server that says just this. */
async function against(said: Buffer): Promise<unknown> {
  const channel = new ByteChannel({ send: () => {} }, 1 << 20);
  const outcome = negotiateClient(channel, request).catch((error: unknown) => error);
  channel.feed(said);
  await new Promise((resolve) => setImmediate(resolve));
  channel.fail(hungUp('the test'));
  return await outcome;
}

const none = Buffer.alloc(0);
const greeting = encodeGreeting(3);
const structured = encodeOptionReply(optionType.structuredReply, optionReplyType.ack, none);
const contextsDone = encodeOptionReply(optionType.setMetaContext, optionReplyType.ack, none);
const context = (id: number, name: string) =>
  encodeOptionReply(
    optionType.setMetaContext,
    optionReplyType.metaContext,
    encodeMetaContext({ id, name }),
  );

test.each([
  ['another protocol', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a reply to another option', Buffer.concat([greeting, contextsDone])],
  ['bad reply magic', Buffer.concat([greeting, Buffer.alloc(20)])],
  ['a huge reply', Buffer.concat([greeting, Buffer.from(structured).fill(0xff, 16)])],
  ['a context nobody asked for', Buffer.concat([greeting, structured, context(1, 'base:other')])],
  [
    'one context id twice',
    Buffer.concat([greeting, structured, context(1, baseAllocation), context(1, baseAllocation)]),
  ],
  [
    'no size',
    Buffer.concat([
      greeting,
      structured,
      contextsDone,
      encodeOptionReply(optionType.go, optionReplyType.ack, none),
    ]),
  ],
  [
    'information without end',
    Buffer.concat([
      greeting,
      structured,
      contextsDone,
      ...Array.from({ length: 1025 }, () =>
        encodeOptionReply(optionType.go, optionReplyType.info, Buffer.from([0, 77])),
      ),
    ]),
  ],
])('a server that says nonsense is a protocol error: %s', async (_, said) => {
  expect(await against(said)).toBeInstanceOf(NbdProtocolError);
});

test('a refusal carries the words of the server', async () => {
  const words = Buffer.from('not today');
  const refused = encodeOptionReply(optionType.go, optionReplyType.errPolicy, words);
  const error = await against(Buffer.concat([greeting, structured, contextsDone, refused]));
  expect(error).toBeInstanceOf(NbdServerError);
  expect(String(error)).toMatch(/errPolicy \(not today\)/);
});

test('a server that hangs up is a connection error', async () => {
  expect(await against(greeting.subarray(0, 5))).toBeInstanceOf(NbdConnectionError);
});

test('garbage ends in one of our errors', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (bytes, greeted) => {
      const said = greeted ? [greeting, structured, Buffer.from(bytes)] : [Buffer.from(bytes)];
      const error = await against(Buffer.concat(said));
      const kinds = [NbdProtocolError, NbdConnectionError, NbdServerError];
      expect(kinds.some((kind) => error instanceof kind)).toBe(true);
    }),
  );
});
