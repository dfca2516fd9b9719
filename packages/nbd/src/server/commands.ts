import type { BlockExtent } from '../block-device.ts';
import { allocationFlag, commandFlag, commandType, errorCode } from '../codec/constants.ts';
import type { StatusExtent } from '../codec/reply.ts';
import type { NbdRequest } from '../codec/request.ts';
import type { ServerSession } from './handshake-state.ts';
import type { NbdServerLimits } from './limits.ts';
import type { ReplyWriter } from './reply-writer.ts';

/** Writes the reply of one request. Throws, having written nothing, when the device returned nonsense. */
export type CommandReply = (writer: ReplyWriter) => void;

export interface CommandContext {
  readonly session: ServerSession;
  readonly limits: NbdServerLimits;
}

type Command = (
  context: CommandContext,
  request: NbdRequest,
) => CommandReply | Promise<CommandReply>;

/**
 * Runs one request of the transmission phase, other than a disconnect. Returns the reply itself, not a
 * promise, when the device has the bytes in memory. Throws or rejects with the device's own error.
 */
export function performCommand(
  context: CommandContext,
  request: NbdRequest,
): CommandReply | Promise<CommandReply> {
  const command = commands.get(request.type);
  if (command === undefined) {
    return refuse(request, errorCode.EINVAL, `command ${request.type} is not supported`);
  }
  if ((request.flags & ~command.flags) !== 0) {
    const flags = `0x${request.flags.toString(16)}`;
    return refuse(request, errorCode.EINVAL, `flags ${flags} do not apply to this command`);
  }
  return command.run(context, request);
}

const anyFlags = 0xffff;
const { df, fua, reqOne } = commandFlag;
// The flags of a command that is refused anyway do not matter.
const refusedWrite = { flags: anyFlags, run: refuseWrite };

/** "Request types". A command with flags other than these is refused. */
const commands: ReadonlyMap<number, { readonly flags: number; readonly run: Command }> = new Map([
  [commandType.read, { flags: df | fua, run: read }],
  [commandType.blockStatus, { flags: reqOne | fua, run: blockStatus }],
  [commandType.cache, { flags: fua, run: cache }],
  [commandType.flush, { flags: fua, run: flush }],
  [commandType.write, refusedWrite],
  [commandType.trim, refusedWrite],
  [commandType.writeZeroes, refusedWrite],
]);

function read(
  { session, limits }: CommandContext,
  request: NbdRequest,
): CommandReply | Promise<CommandReply> {
  const refusal = rangeRefusal(session, request, limits.requestBytesMax);
  if (refusal !== undefined) return refusal;
  const pieces = session.device.read(request.offset, request.lengthBytes);
  return pieces instanceof Promise
    ? pieces.then((read) => (writer) => writer.data(request, read))
    : (writer) => writer.data(request, pieces);
}

function cache(
  { session, limits }: CommandContext,
  request: NbdRequest,
): CommandReply | Promise<CommandReply> {
  const refusal = rangeRefusal(session, request, limits.requestBytesMax);
  if (refusal !== undefined) return refusal;
  const pieces = session.device.read(request.offset, request.lengthBytes);
  const acknowledge: CommandReply = (writer) => writer.acknowledge(request);
  return pieces instanceof Promise ? pieces.then(() => acknowledge) : acknowledge;
}

/** Nothing is ever written, so there is nothing to flush. */
function flush(_: CommandContext, request: NbdRequest): CommandReply {
  return (writer) => writer.acknowledge(request);
}

function refuseWrite(_: CommandContext, request: NbdRequest): CommandReply {
  return refuse(request, errorCode.EPERM, 'the export is read-only');
}

function blockStatus(
  { session, limits }: CommandContext,
  request: NbdRequest,
): CommandReply | Promise<CommandReply> {
  const { device, allocationContextId: contextId } = session;
  if (contextId === undefined) {
    return refuse(request, errorCode.EINVAL, 'no metadata context is selected');
  }
  if (request.lengthBytes === 0) {
    return refuse(request, errorCode.EINVAL, 'a block status request needs a length');
  }
  const refusal = rangeRefusal(session, request, Number.POSITIVE_INFINITY);
  if (refusal !== undefined) return refusal;
  const countMax = (request.flags & reqOne) === 0 ? limits.extentsMax : 1;
  const reply =
    (extents: readonly BlockExtent[]): CommandReply =>
    (writer) =>
      writer.status(request, contextId, statusExtents(extents, request, countMax));
  const extents = device.extents?.(request, countMax) ?? [{ ...request, zero: false }];
  return extents instanceof Promise ? extents.then(reply) : reply(extents);
}

/** Device extents as `base:allocation` descriptors that stay within the request. */
function statusExtents(
  extents: readonly BlockExtent[],
  request: NbdRequest,
  countMax: number,
): StatusExtent[] {
  const status: StatusExtent[] = [];
  let left = request.lengthBytes;
  for (const extent of extents.slice(0, countMax)) {
    const lengthBytes = Math.min(extent.lengthBytes, left);
    if (lengthBytes <= 0) break;
    status.push({
      lengthBytes,
      flags: extent.zero ? allocationFlag.hole | allocationFlag.zero : 0,
    });
    left -= lengthBytes;
  }
  if (status.length === 0) throw new Error('the device returned no extents');
  return status;
}

/** For a request that reaches beyond the disk, or for more than it may; see "Error values". */
function rangeRefusal(
  { device }: ServerSession,
  request: NbdRequest,
  lengthBytesMax: number,
): CommandReply | undefined {
  const { offset, lengthBytes } = request;
  if (offset + lengthBytes > device.sizeBytes) {
    const message = `bytes ${offset}+${lengthBytes} are beyond the end at ${device.sizeBytes}`;
    return refuse(request, errorCode.EINVAL, message);
  }
  if (lengthBytes > lengthBytesMax) {
    const message = `a request of ${lengthBytes} bytes; the limit is ${lengthBytesMax}`;
    return refuse(request, errorCode.EINVAL, message);
  }
  return undefined;
}

function refuse(request: NbdRequest, error: number, message: string): CommandReply {
  return (writer) => writer.refuse(request, error, message);
}
