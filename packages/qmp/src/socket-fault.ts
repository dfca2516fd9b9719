/** What the kernel says when QEMU is gone with something unread, or before something is written. */
const peersEnds: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

/** The fault that a socket's error tells of; undefined where it only tells of QEMU's own end. */
export function socketFault(error: Error): Error | undefined {
  return 'code' in error && peersEnds.includes(error.code) ? undefined : error;
}
