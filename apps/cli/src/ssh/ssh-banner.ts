import { connect } from 'node:net';
import { type SshTarget, sshPort } from './ssh-command.ts';

/** Whether an ssh server greets there within the time. Costs the guest next to nothing. */
export function hasSshBanner(
  { address, port = sshPort }: Pick<SshTarget, 'address' | 'port'>,
  timeoutMs: number,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    const timer = setTimeout(() => end(false), timeoutMs);
    const end = (greeted: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(greeted);
    };
    socket.setEncoding('latin1');
    socket.once('data', (text) => end(String(text).startsWith('SSH-')));
    socket.once('error', () => end(false));
    socket.once('close', () => end(false));
  });
}
