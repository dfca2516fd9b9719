import type { ByteChannel } from '../channel/byte-channel.ts';
import {
  handshakeFlag,
  infoType,
  isOptionError,
  optionReplyType,
  optionType,
  stringBytesMax,
} from '../codec/constants.ts';
import {
  decodeGreeting,
  type ExportInfo,
  encodeClientFlags,
  greetingBytes,
} from '../codec/handshake.ts';
import { decodeOptionReplyHeader, encodeOption, optionReplyHeaderBytes } from '../codec/option.ts';
import {
  decodeInfo,
  decodeMetaContext,
  encodeInfoRequest,
  encodeMetaContextRequest,
  type MetaContext,
} from '../codec/option-data.ts';
import { NbdProtocolError, NbdServerError } from '../errors.ts';

export interface ClientSession {
  readonly exportInfo: ExportInfo;
  readonly structuredReplies: boolean;
  /** The longest read that the server allows. */
  readonly requestBytesMax: number;
  /** What requests must be aligned to. */
  readonly alignmentBytes: number;
  /** The requested contexts that the server granted, by id. */
  readonly contexts: ReadonlyMap<number, string>;
}

export interface ClientRequest {
  readonly exportName: string;
  /** Metadata contexts to select; a server without structured replies grants none. */
  readonly metaContexts: readonly string[];
}

/** What the protocol allows when the server sends no block sizes; see "Block size constraints". */
const defaultRequestBytesMax = 32 * 1024 * 1024;
/** The longest option reply that we take. */
const replyDataBytesMax = stringBytesMax + 64;
/** Replies to one option that we take: far more than any server sends. */
const repliesMax = 1024;

/**
 * The client's side of fixed newstyle negotiation; see "Newstyle negotiation". Rejects with
 * NbdServerError when the server refuses the export, with NbdProtocolError when it breaks the protocol.
 */
export async function negotiateClient(
  channel: ByteChannel,
  request: ClientRequest,
): Promise<ClientSession> {
  const flags = decodeGreeting(await channel.readExactly(greetingBytes));
  channel.write(encodeClientFlags({ noZeroes: (flags & handshakeFlag.noZeroes) !== 0 }));
  const structuredReplies = await askStructuredReplies(channel);
  const contexts = structuredReplies ? await selectContexts(channel, request) : new Map();
  return { ...(await go(channel, request.exportName)), structuredReplies, contexts };
}

async function askStructuredReplies(channel: ByteChannel): Promise<boolean> {
  channel.write(encodeOption(optionType.structuredReply, Buffer.alloc(0)));
  const reply = await readReply(channel, optionType.structuredReply);
  if (reply.type === optionReplyType.ack) return true;
  if (isOptionError(reply.type)) return false;
  throw unexpected(reply);
}

async function selectContexts(
  channel: ByteChannel,
  request: ClientRequest,
): Promise<Map<number, string>> {
  const contexts = new Map<number, string>();
  if (request.metaContexts.length === 0) return contexts;
  const data = encodeMetaContextRequest({
    exportName: request.exportName,
    queries: request.metaContexts,
  });
  channel.write(encodeOption(optionType.setMetaContext, data));
  for await (const reply of repliesUntilAck(channel, optionType.setMetaContext)) {
    if (reply.type !== optionReplyType.metaContext) throw unexpected(reply);
    grant(contexts, decodeMetaContext(reply.data), request.metaContexts);
  }
  return contexts;
}

function grant(
  contexts: Map<number, string>,
  granted: MetaContext,
  requested: readonly string[],
): void {
  if (!requested.includes(granted.name)) {
    throw new NbdProtocolError(`the server granted '${granted.name}', which was not requested`);
  }
  if (contexts.has(granted.id)) {
    throw new NbdProtocolError(`the server granted context id ${granted.id} twice`);
  }
  contexts.set(granted.id, granted.name);
}

type GoReply = Pick<ClientSession, 'exportInfo' | 'requestBytesMax' | 'alignmentBytes'>;

async function go(channel: ByteChannel, exportName: string): Promise<GoReply> {
  const data = encodeInfoRequest({ exportName, infoTypes: [infoType.blockSize] });
  channel.write(encodeOption(optionType.go, data));
  let exportInfo: ExportInfo | undefined;
  let [alignmentBytes, requestBytesMax] = [1, defaultRequestBytesMax];
  for await (const reply of repliesUntilAck(channel, optionType.go)) {
    if (reply.type !== optionReplyType.info) throw unexpected(reply);
    const info = decodeInfo(reply.data);
    if (info.kind === 'export') exportInfo = info.info;
    if (info.kind === 'blockSize') {
      alignmentBytes = info.sizes.minimumBytes;
      requestBytesMax = Math.min(defaultRequestBytesMax, info.sizes.maximumBytes);
    }
  }
  if (exportInfo === undefined) {
    throw new NbdProtocolError(`the server did not send the size of export '${exportName}'`);
  }
  return { exportInfo, requestBytesMax, alignmentBytes };
}

interface OptionReply {
  readonly option: number;
  readonly type: number;
  readonly data: Buffer;
}

/** The replies to one option before its acknowledgement. An error reply throws NbdServerError. */
async function* repliesUntilAck(channel: ByteChannel, option: number): AsyncGenerator<OptionReply> {
  for (let count = 0; count < repliesMax; count++) {
    const reply = await readReply(channel, option);
    if (reply.type === optionReplyType.ack) return;
    if (isOptionError(reply.type)) throw refusal(reply);
    yield reply;
  }
  throw new NbdProtocolError(`over ${repliesMax} replies to option ${option}`);
}

async function readReply(channel: ByteChannel, option: number): Promise<OptionReply> {
  const header = decodeOptionReplyHeader(await channel.readExactly(optionReplyHeaderBytes));
  if (header.option !== option) {
    throw new NbdProtocolError(`a reply to option ${header.option} instead of ${option}`);
  }
  if (header.lengthBytes > replyDataBytesMax) {
    throw new NbdProtocolError(`an option reply of ${header.lengthBytes} bytes`);
  }
  const data = await channel.readExactly(header.lengthBytes);
  return { option, type: header.type, data };
}

const namesOfRefusals = new Map<number, string>(
  Object.entries(optionReplyType).map(([name, type]) => [type, name]),
);

function refusal(reply: OptionReply): NbdServerError {
  const name = namesOfRefusals.get(reply.type) ?? `error 0x${reply.type.toString(16)}`;
  const text = reply.data.toString('utf8');
  const message = `the server refused option ${reply.option}: ${name}`;
  return new NbdServerError(reply.type, text === '' ? message : `${message} (${text})`);
}

function unexpected(reply: OptionReply): NbdProtocolError {
  return new NbdProtocolError(`unexpected reply ${reply.type} to option ${reply.option}`);
}
