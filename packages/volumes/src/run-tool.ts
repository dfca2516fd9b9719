import { spawn } from 'node:child_process';
import { privateUmask, withUmask } from '@bakehouse/base';
import { QemuToolError } from './volume-errors.ts';

const outputBytesMax = 1024 * 1024;

/**
 * Runs a QEMU tool and answers its standard output. Rejects with QemuToolError with the tool's own words
 * when it fails or takes longer than `timeoutMs`, after which it is killed.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<string> {
  // The tools make disks, sockets and pid files by the umask.
  const child = withUmask(privateUmask, () =>
    spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, LC_ALL: 'C' },
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    }),
  );
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      if (output[stream].length < outputBytesMax) output[stream] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new QemuToolError(`cannot run ${program}; install qemu-utils`, { cause }));
    });
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(output.stdout);
      const end = signal ? `ended by ${signal} (limit ${timeoutMs} ms)` : `exit code ${code}`;
      reject(new QemuToolError(`${program} ${args[0]}: ${end}: ${output.stderr.trim()}`));
    });
  });
}
