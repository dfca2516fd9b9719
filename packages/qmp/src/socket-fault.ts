/** The kernel's errors when QEMU has ended with something unread, or before something is written. */
const codesOfPeersEnd: readonly unknown[] = ['ECONNRESET', 'EPIPE'];

/** The fault that a socket's error means; undefined when it only means that QEMU has ended. */
export function socketFault(error: Error): Error | undefined {
  return 'code' in error && codesOfPeersEnd.includes(error.code) ? undefined : error;
}
