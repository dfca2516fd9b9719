import { connect, Socket } from 'node:net';

/** In the namespace from which guests are reached: carries each connection that it is handed to its guest. */
function isPlace(message: unknown): message is { readonly address: string; readonly port: number } {
  return typeof message === 'object' && message !== null && 'address' in message;
}

function carry(outside: Socket, { address, port }: { address: string; port: number }): void {
  outside.allowHalfOpen = true;
  const inside = connect({ host: address, port, allowHalfOpen: true });
  outside.once('error', () => inside.destroy());
  // As where the host itself reaches the guest: a port that nobody listens on refuses.
  inside.once('error', () => outside.resetAndDestroy());
  outside.once('close', () => inside.destroy());
  inside.once('close', () => outside.destroy());
  outside.pipe(inside);
  inside.pipe(outside);
}

process.on('message', (message, handle) => {
  // The client of a connection may have left meanwhile.
  if (handle instanceof Socket && isPlace(message)) carry(handle, message);
});
process.on('disconnect', () => process.exit(0));
