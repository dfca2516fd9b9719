import type { Logger } from '@bakehouse/base';
import type { BlockDevice } from '../block-device.ts';
import type { ByteChannel } from '../channel/byte-channel.ts';
import { ByteCursor } from '../codec/byte-cursor.ts';
import {
  baseAllocation,
  handshakeFlag,
  infoType,
  optionReplyType,
  optionType,
  transmissionFlag,
} from '../codec/constants.ts';
import {
  type ClientFlags,
  clientFlagsBytes,
  decodeClientFlags,
  type ExportInfo,
  encodeExportNameReply,
  encodeGreeting,
} from '../codec/handshake.ts';
import {
  decodeOptionHeader,
  encodeOptionReply,
  type OptionHeader,
  optionHeaderBytes,
} from '../codec/option.ts';
import {
  decodeInfoRequest,
  decodeMetaContextRequest,
  encodeBlockSizeInfo,
  encodeExportInfoReply,
  encodeListedExport,
  encodeMetaContext,
  encodeNameInfo,
  type InfoRequest,
  type MetaContextRequest,
} from '../codec/option-data.ts';
import { NbdProtocolError } from '../errors.ts';
import type { ExportSlot } from './export-slot.ts';
import type { NbdServerLimits } from './limits.ts';

/** What transmission needs to know of the handshake. */
export interface ServerSession {
  readonly device: BlockDevice;
  readonly structuredReplies: boolean;
  /** The id of `base:allocation` when the client selected it. */
  readonly allocationContextId?: number;
}

export interface Negotiation {
  readonly channel: ByteChannel;
  readonly slot: ExportSlot;
  readonly limits: NbdServerLimits;
  readonly logger: Logger;
  /** The names to answer to `NBD_OPT_LIST`. */
  listExports(): Promise<readonly string[]>;
}

/** The only context that we serve; ids are ours to choose. */
const allocationContextId = 1;
/** Far above what any client sends, and a bound on those that never end. */
const optionsMax = 1024;
const skippedBytesMax = 32 * 1024 * 1024;
/** The page of the host: what clients that cannot be told a smaller minimum like best. */
const preferredBlockBytes = 4096;

/**
 * The server's side of fixed newstyle negotiation; see "Newstyle negotiation". Undefined when the client
 * took its leave. Rejects with NbdProtocolError when it broke the protocol, and with what the channel
 * failed with.
 */
export async function negotiateServer(
  negotiation: Negotiation,
): Promise<ServerSession | undefined> {
  const { channel } = negotiation;
  channel.write(encodeGreeting(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes));
  const clientFlags = decodeClientFlags(await channel.readExactly(clientFlagsBytes));
  const haggling = new Haggling(negotiation, clientFlags);
  for (let count = 0; count < optionsMax; count++) {
    const header = decodeOptionHeader(await channel.readExactly(optionHeaderBytes));
    const outcome = await haggling.handle(header);
    if (outcome === 'abort') return undefined;
    if (outcome !== 'continue') return outcome;
  }
  throw new NbdProtocolError(`over ${optionsMax} options in one handshake`);
}

type Outcome = ServerSession | 'continue' | 'abort';
type OptionHandler = (haggling: Haggling, data: Buffer) => Promise<Outcome> | Outcome;

/** The state between two options, and an answer for each. */
class Haggling {
  readonly negotiation: Negotiation;
  readonly #clientFlags: ClientFlags;
  structuredReplies = false;
  /** The export for which `base:allocation` was selected. */
  allocationFor: string | undefined;
  #option = 0;

  constructor(negotiation: Negotiation, clientFlags: ClientFlags) {
    this.negotiation = negotiation;
    this.#clientFlags = clientFlags;
  }

  async handle(header: OptionHeader): Promise<Outcome> {
    const { channel, limits } = this.negotiation;
    this.#option = header.type;
    if (header.lengthBytes > limits.optionBytesMax) return this.#skip(header);
    const data = await channel.readExactly(header.lengthBytes);
    const handler = optionHandlers.get(header.type);
    if (handler === undefined) {
      return this.reply(optionReplyType.errUnsupported, `option ${header.type} is not supported`);
    }
    try {
      return await handler(this, data);
    } catch (error) {
      // A malformed option is refused in the words of the protocol; the client may go on.
      if (error instanceof NbdProtocolError && header.type !== optionType.exportName) {
        return this.reply(optionReplyType.errInvalid, error.message);
      }
      throw error;
    }
  }

  /** Answers `continue`, so that handlers can end with it. */
  reply(type: number, data: Buffer | string = ''): 'continue' {
    const bytes = typeof data === 'string' ? Buffer.from(data, 'utf8') : data;
    this.negotiation.channel.write(encodeOptionReply(this.#option, type, bytes));
    return 'continue';
  }

  /** Undefined, and the client has been told, when there is no such export or it does not open. */
  async device(name: string): Promise<BlockDevice | undefined> {
    try {
      const device = await this.negotiation.slot.find(name);
      if (device !== undefined) return device;
      this.reply(optionReplyType.errUnknown, `no export is named '${name}'`);
    } catch (error) {
      this.negotiation.logger.log('error', 'NBD export does not open', { export: name, error });
      this.reply(optionReplyType.errUnknown, `export '${name}' does not open`);
    }
    return undefined;
  }

  session(device: BlockDevice, exportName: string): ServerSession {
    const selected = this.structuredReplies && this.allocationFor === exportName;
    return {
      device,
      structuredReplies: this.structuredReplies,
      ...(selected ? { allocationContextId } : {}),
    };
  }

  exportInfo(device: BlockDevice): ExportInfo {
    const always =
      transmissionFlag.hasFlags |
      transmissionFlag.readOnly |
      transmissionFlag.sendFlush |
      transmissionFlag.canMultiConn |
      transmissionFlag.sendCache;
    const structured = this.structuredReplies ? transmissionFlag.sendDf : 0;
    return { sizeBytes: device.sizeBytes, transmissionFlags: always | structured };
  }

  /** `NBD_OPT_EXPORT_NAME` knows no refusal but the end of the connection. */
  async chooseByName(exportName: string): Promise<Outcome> {
    const { slot, channel } = this.negotiation;
    const device = await slot.find(exportName);
    if (device === undefined) return 'abort';
    channel.write(encodeExportNameReply(this.exportInfo(device), this.#clientFlags));
    return this.session(device, exportName);
  }

  async #skip(header: OptionHeader): Promise<Outcome> {
    const { channel, limits } = this.negotiation;
    if (header.lengthBytes > skippedBytesMax || header.type === optionType.exportName) {
      throw new NbdProtocolError(`option ${header.type} has ${header.lengthBytes} bytes of data`);
    }
    await channel.skip(header.lengthBytes);
    return this.reply(
      optionReplyType.errTooBig,
      `an option may have ${limits.optionBytesMax} bytes of data`,
    );
  }
}

const optionHandlers = new Map<number, OptionHandler>([
  [optionType.exportName, (haggling, data) => haggling.chooseByName(exportNameOf(data))],
  [optionType.abort, abort],
  [optionType.list, list],
  [optionType.info, (haggling, data) => tellExport(haggling, decodeInfoRequest(data), false)],
  [optionType.go, (haggling, data) => tellExport(haggling, decodeInfoRequest(data), true)],
  [optionType.structuredReply, allowStructuredReplies],
  [
    optionType.listMetaContext,
    (haggling, data) => answerContexts(haggling, decodeMetaContextRequest(data), false),
  ],
  [
    optionType.setMetaContext,
    (haggling, data) => answerContexts(haggling, decodeMetaContextRequest(data), true),
  ],
]);

function exportNameOf(data: Buffer): string {
  return new ByteCursor(data).string(data.length);
}

function abort(haggling: Haggling): Outcome {
  haggling.reply(optionReplyType.ack);
  return 'abort';
}

async function list(haggling: Haggling, data: Buffer): Promise<Outcome> {
  new ByteCursor(data).end('NBD_OPT_LIST');
  for (const name of await haggling.negotiation.listExports()) {
    haggling.reply(optionReplyType.server, encodeListedExport(name));
  }
  return haggling.reply(optionReplyType.ack);
}

function allowStructuredReplies(haggling: Haggling, data: Buffer): Outcome {
  new ByteCursor(data).end('NBD_OPT_STRUCTURED_REPLY');
  haggling.structuredReplies = true;
  return haggling.reply(optionReplyType.ack);
}

/** `NBD_OPT_INFO`, and `NBD_OPT_GO`, which differs only in what comes next. */
async function tellExport(haggling: Haggling, request: InfoRequest, go: boolean): Promise<Outcome> {
  const device = await haggling.device(request.exportName);
  if (device === undefined) return 'continue';
  haggling.reply(optionReplyType.info, encodeExportInfoReply(haggling.exportInfo(device)));
  if (request.infoTypes.includes(infoType.name)) {
    haggling.reply(optionReplyType.info, encodeNameInfo(request.exportName));
  }
  const sizes = {
    minimumBytes: 1,
    preferredBytes: preferredBlockBytes,
    maximumBytes: haggling.negotiation.limits.requestBytesMax,
  };
  haggling.reply(optionReplyType.info, encodeBlockSizeInfo(sizes));
  haggling.reply(optionReplyType.ack);
  return go ? haggling.session(device, request.exportName) : 'continue';
}

/** `NBD_OPT_LIST_META_CONTEXT`, and `NBD_OPT_SET_META_CONTEXT`, which also selects. */
async function answerContexts(
  haggling: Haggling,
  request: MetaContextRequest,
  select: boolean,
): Promise<Outcome> {
  if (!haggling.structuredReplies) {
    return haggling.reply(optionReplyType.errInvalid, 'structured replies come first');
  }
  if (select) haggling.allocationFor = undefined;
  if ((await haggling.device(request.exportName)) === undefined) return 'continue';
  const named = request.queries.includes(baseAllocation);
  const listed = !select && (request.queries.length === 0 || request.queries.includes('base:'));
  if (named || listed) {
    const context = { id: select ? allocationContextId : 0, name: baseAllocation };
    haggling.reply(optionReplyType.metaContext, encodeMetaContext(context));
  }
  if (select && named) haggling.allocationFor = request.exportName;
  return haggling.reply(optionReplyType.ack);
}
