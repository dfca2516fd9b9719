import { parseIp } from '@bakehouse/base';

/** The state of a socket that listens, in `/proc/net/tcp`. */
const listening = '0A';
/** Where that file has what, in a line's words. */
const places = { local: 1, state: 3, user: 7 } as const;

/** As `/proc/net/tcp` writes it on hosts that keep the low byte first. */
function placeText(address: string, port: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(parseIp(address) ?? 0);
  return `${bytes.toString('hex')}:${port.toString(16).padStart(4, '0')}`.toUpperCase();
}

/** Who listens on exactly that address and port. */
export interface ListenerOwner {
  readonly userId: number;
  /** It listens on every address of the host, as the kernel has nobody for this one. */
  readonly isEverywhere: boolean;
}

/** Of whom connections to that address and port are, by the text of `/proc/net/tcp`; undefined: nobody's. */
export function listenerOwner(
  text: string,
  { address, port }: { readonly address: string; readonly port: number },
): ListenerOwner | undefined {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const at = (place: string) =>
    rows.find((row) => row[places.local] === place && row[places.state] === listening);
  const own = at(placeText(address, port));
  const row = own ?? at(placeText('0.0.0.0', port));
  return row && { userId: Number(row[places.user]), isEverywhere: own === undefined };
}
