import { MiB, secondMs } from '@bakehouse/base';

/** What one client may make the server hold or wait for. */
export interface NbdServerLimits {
  readonly connectionsMax: number;
  /** From the first byte to the start of transmission. */
  readonly handshakeMs: number;
  /** A client that has said goodbye and takes none of its replies for so long is dropped. */
  readonly goodbyeMs: number;
  /** The longest data of an option; a longer one is skipped and refused. */
  readonly optionBytesMax: number;
  /** The longest read; clients see it as the maximum block size. */
  readonly requestBytesMax: number;
  /** Bytes that one connection may have requested and not yet taken. A single request always fits. */
  readonly inFlightBytesMax: number;
  /** Requests of one connection that may wait for the device. */
  readonly inFlightRequestsMax: number;
  /** Extents in one reply to a block status request. */
  readonly extentsMax: number;
}

export const defaultServerLimits: NbdServerLimits = {
  connectionsMax: 1024,
  handshakeMs: 30 * secondMs,
  goodbyeMs: 30 * secondMs,
  optionBytesMax: 32 * 1024,
  requestBytesMax: 32 * MiB,
  inFlightBytesMax: 32 * MiB,
  inFlightRequestsMax: 1024,
  extentsMax: 4096,
};
