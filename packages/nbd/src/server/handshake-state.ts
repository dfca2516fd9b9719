import type { Logger } from '@bakehouse/base';
import type { BlockDevice } from '../block-device.ts';
import type { ByteChannel } from '../channel/byte-channel.ts';
import { encodeBoundedText } from '../codec/bounded-text.ts';
import { optionReplyType, transmissionFlag } from '../codec/constants.ts';
import { type ClientFlags, type ExportInfo, encodeExportNameReply } from '../codec/handshake.ts';
import { encodeOptionReply } from '../codec/option.ts';
import type { ExportSlot } from './export-slot.ts';
import type { NbdServerLimits } from './limits.ts';

/** The result of a handshake: what transmission needs to know. */
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
}

/** What one option leads to: the next option, the end of the connection, or transmission. */
export type OptionOutcome = ServerSession | 'continue' | 'abort';

/** `base:allocation` is the only context that we serve; its id is ours to choose. */
export const allocationContextId = 1;

/** What a handshake has agreed on so far, and the means to reply. */
export class HandshakeState {
  readonly limits: NbdServerLimits;
  /** The client can take structured replies. */
  structuredReplies = false;
  /** The export for which `base:allocation` was selected. */
  allocationFor: string | undefined;
  /** The option that is being handled. */
  option = 0;
  readonly #negotiation: Negotiation;
  readonly #clientFlags: ClientFlags;

  constructor(negotiation: Negotiation, clientFlags: ClientFlags) {
    this.limits = negotiation.limits;
    this.#negotiation = negotiation;
    this.#clientFlags = clientFlags;
  }

  /** Returns `continue`, so that handlers can end with it. */
  reply(type: number, data: Buffer = Buffer.alloc(0)): 'continue' {
    this.#negotiation.channel.write(encodeOptionReply(this.option, type, data));
    return 'continue';
  }

  refuse(type: number, reason: string): 'continue' {
    return this.reply(type, encodeBoundedText(reason));
  }

  /** Undefined when there is no such export or it cannot be opened; the option has been refused then. */
  async device(name: string): Promise<BlockDevice | undefined> {
    const found = await this.#find(name);
    if (typeof found !== 'string') return found;
    this.refuse(optionReplyType.errUnknown, found);
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

  /** `NBD_OPT_EXPORT_NAME` has no error reply: the protocol's only refusal is to close the connection. */
  async chooseByName(exportName: string): Promise<OptionOutcome> {
    const found = await this.#find(exportName);
    if (typeof found === 'string') return 'abort';
    const info = this.exportInfo(found);
    this.#negotiation.channel.write(encodeExportNameReply(info, this.#clientFlags));
    return this.session(found, exportName);
  }

  /** The device, or why there is none. */
  async #find(name: string): Promise<BlockDevice | string> {
    const { slot, logger } = this.#negotiation;
    try {
      return (await slot.find(name)) ?? `no export is named '${name}'`;
    } catch (error) {
      logger.log('error', 'cannot open NBD export', { export: name, error });
      return `cannot open export '${name}'`;
    }
  }
}
