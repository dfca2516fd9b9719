import {
  chunkFlag,
  chunkType,
  commandType,
  isErrorChunk,
  magic,
  stringBytesMax,
} from '../codec/constants.ts';
import {
  type ChunkHeader,
  chunkHeaderBytes,
  dataOffsetBytes,
  decodeChunkHeader,
  decodeErrorPayload,
  decodeSimpleReply,
  simpleReplyBytes,
} from '../codec/reply.ts';
import { NbdProtocolError } from '../errors.ts';
import type { PendingCommand } from './pending-command.ts';

/** The requests in flight. */
export interface PendingCommands {
  find(cookie: bigint): PendingCommand | undefined;
  /** The command has its whole reply, and its cookie is free. */
  remove(cookie: bigint): void;
}

type Next = (bytes: Buffer) => void;

const magicBytes = 4;
const errorPayloadBytesMax = stringBytesMax + 64;

/**
 * Cuts the server's bytes into replies, whatever pieces they come in, and hands them to the waiting commands.
 * Data is copied straight from the input to its target. Everything is checked: a reply that the protocol does
 * not allow throws NbdProtocolError, after which the parser must not be used.
 */
export class ReplyParser {
  readonly #pending: PendingCommands;
  readonly #structured: boolean;
  /** Where the next bytes go, how many of them have come, and what to do when all have. */
  #target: Buffer;
  #filled = 0;
  #next: Next;
  readonly #head = Buffer.alloc(chunkHeaderBytes + dataOffsetBytes);

  constructor(pending: PendingCommands, structuredReplies: boolean) {
    this.#pending = pending;
    this.#structured = structuredReplies;
    this.#target = this.#head.subarray(0, magicBytes);
    this.#next = this.#onMagic;
  }

  /** Bytes from the server; they are copied. */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length) {
      const taken = bytes.copy(this.#target, this.#filled, at);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#target.length) this.#next(this.#target);
    }
  }

  /** Reads until the head holds this many bytes. */
  #expectHead(lengthBytes: number, next: Next): void {
    this.#target = this.#head.subarray(0, lengthBytes);
    this.#next = next;
  }

  #expectBody(target: Buffer, next: Next): void {
    this.#target = target;
    this.#filled = 0;
    this.#next = next;
    if (target.length === 0) next(target);
  }

  #expectReply(): void {
    this.#filled = 0;
    this.#expectHead(magicBytes, this.#onMagic);
  }

  readonly #onMagic = (head: Buffer): void => {
    const word = head.readUInt32BE(0);
    if (word === magic.simpleReply) {
      this.#expectHead(simpleReplyBytes, this.#onSimple);
      return;
    }
    if (word !== magic.structuredReply || !this.#structured) {
      throw new NbdProtocolError(`bad reply magic 0x${word.toString(16)}`);
    }
    this.#expectHead(chunkHeaderBytes, this.#onChunk);
  };

  readonly #onSimple = (head: Buffer): void => {
    const { error, cookie } = decodeSimpleReply(head);
    const command = this.#command(cookie);
    if (error !== 0) {
      command.takeError({ error, message: '' });
      this.#done(cookie, command);
      return;
    }
    if (command.type !== commandType.read || this.#structured) {
      throw new NbdProtocolError('a simple reply instead of a structured one');
    }
    const target = command.dataTarget(command.offset, command.lengthBytes);
    this.#expectBody(target, () => this.#done(cookie, command));
  };

  readonly #onChunk = (head: Buffer): void => {
    const header = decodeChunkHeader(head);
    const command = this.#command(header.cookie);
    if (isErrorChunk(header.type)) this.#expectError(header, command);
    else if (header.type === chunkType.offsetData) this.#expectData(header, command);
    else if (header.type === chunkType.none) this.#takeNone(header, command);
    else this.#expectPayload(header, command);
  };

  #expectData(header: ChunkHeader, command: PendingCommand): void {
    const lengthBytes = header.lengthBytes - dataOffsetBytes;
    if (lengthBytes < 1 || lengthBytes > command.lengthBytes) {
      throw new NbdProtocolError(`a data chunk of ${header.lengthBytes} bytes`);
    }
    this.#expectHead(chunkHeaderBytes + dataOffsetBytes, (head) => {
      const offset = Number(head.readBigUInt64BE(chunkHeaderBytes));
      const target = command.dataTarget(offset, lengthBytes);
      this.#expectBody(target, () => this.#endChunk(header, command));
    });
  }

  #takeNone(header: ChunkHeader, command: PendingCommand): void {
    if (header.lengthBytes !== 0 || (header.flags & chunkFlag.done) === 0) {
      throw new NbdProtocolError('an empty chunk that is not empty or not the last');
    }
    this.#endChunk(header, command);
  }

  #expectError(header: ChunkHeader, command: PendingCommand): void {
    this.#expectPayloadOf(header, errorPayloadBytesMax, (payload) => {
      command.takeError(decodeErrorPayload(payload));
      this.#endChunk(header, command);
    });
  }

  #expectPayload(header: ChunkHeader, command: PendingCommand): void {
    const lengthMax = command.payloadBytesMax(header.type);
    if (lengthMax === undefined) {
      throw new NbdProtocolError(`a chunk of type ${header.type} for command ${command.type}`);
    }
    this.#expectPayloadOf(header, lengthMax, (payload) => {
      command.takeChunk(header.type, payload);
      this.#endChunk(header, command);
    });
  }

  #expectPayloadOf(header: ChunkHeader, lengthMax: number, next: Next): void {
    if (header.lengthBytes > lengthMax) {
      throw new NbdProtocolError(
        `a chunk of type ${header.type} has ${header.lengthBytes} bytes; the limit is ${lengthMax}`,
      );
    }
    this.#expectBody(Buffer.allocUnsafe(header.lengthBytes), next);
  }

  #endChunk(header: ChunkHeader, command: PendingCommand): void {
    if ((header.flags & chunkFlag.done) === 0) this.#expectReply();
    else this.#done(header.cookie, command);
  }

  #done(cookie: bigint, command: PendingCommand): void {
    command.finish();
    this.#pending.remove(cookie);
    this.#expectReply();
  }

  #command(cookie: bigint): PendingCommand {
    const command = this.#pending.find(cookie);
    if (command !== undefined) return command;
    throw new NbdProtocolError(`a reply to cookie ${cookie}, which is not in use`);
  }
}
