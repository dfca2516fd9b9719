import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Guest, sh, sshCommand } from './guest.ts';
import { until } from './wait.ts';

/** Starts a program that writes down what a fork renews. Returns its process. */
export async function watchRenewal(guest: Guest): Promise<string> {
  const program = await readFile(join(import.meta.dirname, '../guest/watch-renewal.py'), 'utf8');
  return await sh(
    guest,
    `cat > /tmp/watch-renewal.py <<'END'\n${program}\nEND
setsid nohup python3 /tmp/watch-renewal.py > /dev/null 2>&1 &
echo $!`,
  );
}

interface Moment {
  /** All of it, with the time in nanoseconds: two guests write the same while they are one. */
  readonly line: string;
  readonly hasLink: boolean;
  readonly machineId: string;
  readonly random: string;
}

/** What it wrote. */
export async function renewalOf(guest: Guest): Promise<readonly Moment[]> {
  const lines = (await sh(guest, 'cat /tmp/renewal')).split('\n');
  return lines.map((line) => {
    const [, link, machineId = '', random = ''] = line.split(' ');
    return { line, hasLink: link === '1', machineId, random };
  });
}

/** A connection to the guest that is held. */
export function holdConnection(guest: Guest) {
  const [program = '', ...args] = [...sshCommand(guest), 'cat'];
  const child = spawn(program, args);
  let received = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  child.stdin.on('error', () => {});
  return {
    /** Resolves when the guest has sent it back. */
    async echo(text: string): Promise<void> {
      child.stdin.write(`${text}\n`);
      await until('the echo', async () => received.includes(text), { limitMs: 60_000 });
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}
