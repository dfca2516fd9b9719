import { execFile } from 'node:child_process';
import { hopLimitRuleset } from './hop-limit.ts';

const timeoutMs = 20_000;

/** Makes the table of hop limits in the namespace of this process. */
export function loadHopLimits(address: string, port: number): Promise<void> {
  const path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
  const env = { PATH: path, LC_ALL: 'C' };
  return new Promise((resolve, reject) => {
    const child = execFile(
      'nft',
      ['-f', '-'],
      { timeout: timeoutMs, killSignal: 'SIGKILL', env },
      (error, _stdout, stderr) => {
        if (error === null) return resolve();
        const hint = 'it needs nftables 1.0 or later and Linux 5.16 or later';
        const said = stderr.trim() || error.message;
        reject(new Error(`nft did not take the hop limits (${hint}): ${said}`, { cause: error }));
      },
    );
    // A program that ends before it has read everything says why by its exit status.
    child.stdin?.on('error', () => {});
    child.stdin?.end(hopLimitRuleset(address, port));
  });
}
