import { createConnection } from 'node:net';
import { type Finished, output, run } from './run.ts';
import { until } from './wait.ts';

/** How a guest is reached: by its public address, as the holder of a key. */
export interface Guest {
  readonly address: string;
  readonly keyPath: string;
  /** The guest through which it is reached, by a private address. */
  readonly through?: Guest;
}

/** An emulated guest on a busy machine takes minutes where a quiet one takes 15 s. */
const loginLimitMs = 600_000;

export function sshCommand(
  { address, keyPath, through }: Guest,
  user = 'ec2-user',
): readonly string[] {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null'];
  const limits = ['ConnectTimeout=20', 'ServerAliveInterval=15', 'LogLevel=ERROR'];
  const jump = through && sshCommand(through).toSpliced(-1, 0, '-W', '%h:%p').join(' ');
  const proxy = jump ? [`ProxyCommand=${jump}`] : [];
  const settings = [...options, ...limits, ...proxy].flatMap((option) => ['-o', option]);
  return ['ssh', '-i', keyPath, ...settings, `${user}@${address}`];
}

/** Runs a shell script as ec2-user; every line must succeed. Returns what it printed. */
export async function sh(guest: Guest, script: string, limitMs = 180_000): Promise<string> {
  const text = await output([...sshCommand(guest), 'sh', '-eus'], { input: script, limitMs });
  return text.trim();
}

/** As `sh`, for a script that may fail. */
export async function trySh(guest: Guest, script: string, limitMs = 180_000): Promise<Finished> {
  return await run([...sshCommand(guest), 'sh', '-eus'], { input: script, limitMs });
}

/** Resolves at the first login. */
export async function login<Which extends Guest>(guest: Which): Promise<Which> {
  await until(`ssh ec2-user@${guest.address}`, () => sh(guest, 'echo here', 60_000), {
    limitMs: loginLimitMs,
  });
  return guest;
}

/** Copies a file to the guest. */
export async function copyTo(guest: Guest, path: string, target: string): Promise<void> {
  const settings = sshCommand(guest).slice(1, -1);
  await output(['scp', ...settings, path, `ec2-user@${guest.address}:${target}`]);
}

/**
 * How a connection to a port ends: a program, a refusal, or nothing, which is what a security group without
 * a rule looks like.
 */
export function knock(
  address: string,
  port: number,
  limitMs = 5000,
): Promise<'open' | 'refused' | 'silent'> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: address, port });
    const end = (answer: 'open' | 'refused' | 'silent') => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end('silent'), limitMs);
    socket.once('connect', () => end('open'));
    socket.once('error', () => end('refused'));
  });
}
