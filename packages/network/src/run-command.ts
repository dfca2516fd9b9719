import { execFile } from 'node:child_process';
import { NetworkCommandError, NetworkToolError } from './network-errors.ts';

/** Runs a program without a shell and answers its standard output. */
export type RunCommand = (argv: readonly string[], input?: string) => Promise<string>;

const timeoutMs = 10_000;
const outputBytesMax = 16 * 1024 * 1024;

const packageOf: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  nsenter: 'util-linux',
  sysctl: 'procps',
};

/** Rejects with a NetworkCommandError that names command and stderr, after 10 s at the latest. */
export const runCommand: RunCommand = (argv, input) =>
  new Promise((resolve, reject) => {
    const [program = '', ...args] = argv;
    const child = execFile(
      program,
      args,
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: outputBytesMax, env: cleanEnv() },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        reject(explain(argv, stderr, error));
      },
    );
    // A program that ends before it has read everything says why by its exit status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });

/** sbin is not on every service's PATH; messages are compared with nothing, but are read by people. */
function cleanEnv(): NodeJS.ProcessEnv {
  const path = process.env.PATH ?? '';
  return { PATH: `${path}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin`, LC_ALL: 'C' };
}

function explain(argv: readonly string[], stderr: string, error: Error): Error {
  const program = argv[0] ?? '';
  if ('code' in error && error.code === 'ENOENT') {
    const hint = packageOf[program];
    const way = hint === undefined ? '' : ` (Debian: apt-get install ${hint})`;
    return new NetworkToolError(`${program} is not installed${way}`, { cause: error });
  }
  const timedOut = 'killed' in error && error.killed === true;
  const text = timedOut ? `no answer within ${timeoutMs / 1000} s` : stderr || error.message;
  return new NetworkCommandError(argv.join(' '), text, { cause: error });
}
