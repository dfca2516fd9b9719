import { ByteChannel } from '../channel/byte-channel.ts';

export interface ChannelPair {
  readonly client: ByteChannel;
  readonly server: ByteChannel;
}

/** For tests: two channels that feed each other, a few bytes at a time. */
export function channelPair(pieceBytes: number): ChannelPair {
  const send = (to: () => ByteChannel) => ({
    send(bytes: Buffer) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        to().feed(Buffer.from(bytes.subarray(at, at + pieceBytes)));
      }
    },
  });
  const client: ByteChannel = new ByteChannel(
    send(() => server),
    1 << 20,
  );
  const server: ByteChannel = new ByteChannel(
    send(() => client),
    1 << 20,
  );
  return { client, server };
}
