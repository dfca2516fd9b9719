import { MiB } from '@bakehouse/base';
import type { ByteChannel } from '../channel/byte-channel.ts';
import { handshakeFlag, optionReplyType, optionType } from '../codec/constants.ts';
import { clientFlagsBytes, decodeClientFlags, encodeGreeting } from '../codec/handshake.ts';
import { decodeOptionHeader, type OptionHeader, optionHeaderBytes } from '../codec/option.ts';
import { NbdProtocolError } from '../errors.ts';
import {
  HandshakeState,
  type Negotiation,
  type OptionOutcome,
  type ServerSession,
} from './handshake-state.ts';
import { optionHandlers } from './option-handlers.ts';

/** Far more than any client sends; it bounds a client that never stops. */
const optionsMax = 1024;
/** Options with more data than this end the connection instead of being skipped. */
const skippedBytesMax = 32 * MiB;

/**
 * The server's side of fixed newstyle negotiation; see "Newstyle negotiation". Resolves to undefined when the
 * client ended the handshake (`NBD_OPT_ABORT`, or an unknown `NBD_OPT_EXPORT_NAME`). Rejects with
 * NbdProtocolError when the client broke the protocol, and with the channel's own error when that ended.
 */
export async function negotiateServer(
  negotiation: Negotiation,
): Promise<ServerSession | undefined> {
  const { channel } = negotiation;
  channel.write(encodeGreeting(handshakeFlag.fixedNewstyle | handshakeFlag.noZeroes));
  const clientFlags = decodeClientFlags(await channel.readExactly(clientFlagsBytes));
  const state = new HandshakeState(negotiation, clientFlags);
  for (let count = 0; count < optionsMax; count++) {
    const header = decodeOptionHeader(await channel.readExactly(optionHeaderBytes));
    const outcome = await handleOption(state, channel, header);
    if (outcome === 'abort') return undefined;
    if (outcome !== 'continue') return outcome;
    // A client that sends options and reads no replies waits here, not in our memory.
    await channel.drained();
  }
  throw new NbdProtocolError(`over ${optionsMax} options in one handshake`);
}

async function handleOption(
  state: HandshakeState,
  channel: ByteChannel,
  header: OptionHeader,
): Promise<OptionOutcome> {
  const { type, lengthBytes } = header;
  state.option = type;
  if (lengthBytes > state.limits.optionBytesMax) return skipOption(state, channel, header);
  const data = await channel.readExactly(lengthBytes);
  const handler = optionHandlers.get(type);
  if (handler === undefined) {
    return state.refuse(optionReplyType.errUnsupported, `option ${type} is not supported`);
  }
  try {
    return await handler(state, data);
  } catch (error) {
    // A malformed option is refused by a reply, and the client may go on; NBD_OPT_EXPORT_NAME has none.
    if (error instanceof NbdProtocolError && type !== optionType.exportName) {
      return state.refuse(optionReplyType.errInvalid, error.message);
    }
    throw error;
  }
}

async function skipOption(
  state: HandshakeState,
  channel: ByteChannel,
  { type, lengthBytes }: OptionHeader,
): Promise<OptionOutcome> {
  if (lengthBytes > skippedBytesMax || type === optionType.exportName) {
    throw new NbdProtocolError(`option ${type} has ${lengthBytes} bytes of data`);
  }
  await channel.skip(lengthBytes);
  const reason = `option ${type} has ${lengthBytes} bytes of data; the limit is ${state.limits.optionBytesMax}`;
  return state.refuse(optionReplyType.errTooBig, reason);
}
