import { ByteCursor } from '../codec/byte-cursor.ts';
import { baseAllocation, infoType, optionReplyType, optionType } from '../codec/constants.ts';
import {
  decodeInfoRequest,
  decodeMetaContextRequest,
  encodeBlockSizeInfo,
  encodeExportInfoReply,
  encodeMetaContext,
  encodeNameInfo,
} from '../codec/option-data.ts';
import { allocationContextId, type HandshakeState, type OptionOutcome } from './handshake-state.ts';

/** A malformed option throws NbdProtocolError. */
export type OptionHandler = (
  state: HandshakeState,
  data: Buffer,
) => Promise<OptionOutcome> | OptionOutcome;

/** The options that we know, by type; see "Option types". */
export const optionHandlers: ReadonlyMap<number, OptionHandler> = new Map<number, OptionHandler>([
  [optionType.exportName, (state, data) => state.chooseByName(wholeString(data))],
  [optionType.abort, abort],
  [optionType.list, refuseList],
  [optionType.info, (state, data) => describeExport(state, data, { go: false })],
  [optionType.go, (state, data) => describeExport(state, data, { go: true })],
  [optionType.structuredReply, allowStructuredReplies],
  [optionType.listMetaContext, (state, data) => offerContexts(state, data, { select: false })],
  [optionType.setMetaContext, (state, data) => offerContexts(state, data, { select: true })],
]);

/** The host's page size. */
const preferredBlockBytes = 4096;

function wholeString(data: Buffer): string {
  return new ByteCursor(data).string(data.length);
}

function abort(state: HandshakeState): OptionOutcome {
  state.reply(optionReplyType.ack);
  return 'abort';
}

/** A store may have a million maps, and clients of it know the name that they want. */
function refuseList(state: HandshakeState, data: Buffer): OptionOutcome {
  new ByteCursor(data).end('NBD_OPT_LIST');
  return state.refuse(optionReplyType.errPolicy, 'this server does not list its exports');
}

function allowStructuredReplies(state: HandshakeState, data: Buffer): OptionOutcome {
  new ByteCursor(data).end('NBD_OPT_STRUCTURED_REPLY');
  state.structuredReplies = true;
  return state.reply(optionReplyType.ack);
}

/** `NBD_OPT_INFO`, and `NBD_OPT_GO`, which is the same and then starts transmission. */
async function describeExport(
  state: HandshakeState,
  data: Buffer,
  { go }: { readonly go: boolean },
): Promise<OptionOutcome> {
  const { exportName, infoTypes } = decodeInfoRequest(data);
  const device = await state.device(exportName);
  if (device === undefined) return 'continue';
  state.reply(optionReplyType.info, encodeExportInfoReply(state.exportInfo(device)));
  if (infoTypes.includes(infoType.name)) {
    state.reply(optionReplyType.info, encodeNameInfo(exportName));
  }
  const sizes = {
    minimumBytes: 1,
    preferredBytes: preferredBlockBytes,
    maximumBytes: state.limits.requestBytesMax,
  };
  state.reply(optionReplyType.info, encodeBlockSizeInfo(sizes));
  state.reply(optionReplyType.ack);
  return go ? state.session(device, exportName) : 'continue';
}

/** `NBD_OPT_LIST_META_CONTEXT`, and `NBD_OPT_SET_META_CONTEXT`, which also selects. */
async function offerContexts(
  state: HandshakeState,
  data: Buffer,
  { select }: { readonly select: boolean },
): Promise<OptionOutcome> {
  const { exportName, queries } = decodeMetaContextRequest(data);
  if (!state.structuredReplies) {
    return state.refuse(optionReplyType.errInvalid, 'structured replies must be negotiated first');
  }
  if (select) state.allocationFor = undefined;
  if ((await state.device(exportName)) === undefined) return 'continue';
  const named = queries.includes(baseAllocation);
  const listed = !select && (queries.length === 0 || queries.includes('base:'));
  if (named || listed) {
    const context = { id: select ? allocationContextId : 0, name: baseAllocation };
    state.reply(optionReplyType.metaContext, encodeMetaContext(context));
  }
  if (select && named) state.allocationFor = exportName;
  return state.reply(optionReplyType.ack);
}
