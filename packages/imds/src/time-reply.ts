import { secondMs } from '@bakehouse/base';

/** Without extensions and a signature, which are not served. */
const messageBytes = 48;
const modes = { client: 3, server: 4 };
const versionMax = 4;
/** What clients know of a clock that no other one corrects, as the host's may be. RFC 5905 has 1 to 15. */
const stratum = 10;
/** 127.127.1.1, the name of the host's own clock. */
const referenceId = 0x7f7f0101;
/** The clock is read in milliseconds, as a power of two of seconds. */
const precision = -10;
const dispersionOfMs = Math.round(2 ** 16 / secondMs);
/** From 1900, when NTP's seconds begin, to 1970. */
const epochSeconds = 2_208_988_800;
const transmitted = 40;

/**
 * The reply to a client's request of the Network Time Protocol, versions 1 to 4, as long as the request's fixed part
 * (RFC 5905, section 7.3; RFC 4330, section 6). Undefined for anything else: a reply to a reply could go on for ever.
 */
export function timeReply(request: Uint8Array, nowMs: number): Uint8Array | undefined {
  const [first = 0, , poll = 0] = request;
  const version = (first >> 3) & 7;
  if (request.length < messageBytes || (first & 7) !== modes.client) return undefined;
  if (version < 1 || version > versionMax) return undefined;
  const bytes = new Uint8Array(messageBytes);
  const reply = new DataView(bytes.buffer);
  reply.setUint8(0, (version << 3) | modes.server);
  reply.setUint8(1, stratum);
  reply.setUint8(2, poll);
  reply.setInt8(3, precision);
  reply.setUint32(8, dispersionOfMs);
  reply.setUint32(12, referenceId);
  // The request's own time, by which the client knows the reply to be its own.
  bytes.set(request.subarray(transmitted, messageBytes), 24);
  for (const at of [16, 32, transmitted]) setTime(reply, at, nowMs);
  return bytes;
}

/** Seconds modulo 2^32, as eras of 136 years do not matter to clients, and fractions of 2^-32 s. */
function setTime(reply: DataView, at: number, timeMs: number): void {
  const seconds = Math.floor(timeMs / secondMs);
  reply.setUint32(at, (seconds + epochSeconds) % 2 ** 32);
  reply.setUint32(at + 4, Math.floor(((timeMs - seconds * secondMs) / secondMs) * 2 ** 32));
}
