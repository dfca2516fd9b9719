import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Guest, sh, sshCommand } from './guest.ts';
import { until } from './wait.ts';

/** Runs last of what udev runs when the first card is lost; by then the kernel has fresh random numbers. */
const rule =
  'SUBSYSTEM=="net", KERNEL=="eth0", ACTION=="remove", RUN+="/bin/cp /proc/uptime /run/renewed"';

/** Starts a program that writes down what a fork renews. Returns its process. */
export async function watchRenewal(guest: Guest): Promise<string> {
  const program = await readFile(join(import.meta.dirname, '../guest/watch-renewal.py'), 'utf8');
  return await sh(
    guest,
    `echo '${rule}' | sudo tee /etc/udev/rules.d/99-test.rules > /dev/null; sudo udevadm control --reload
cat > /tmp/watch-renewal.py <<'END'\n${program}\nEND
setsid nohup python3 /tmp/watch-renewal.py > /dev/null 2>&1 &
echo $!`,
  );
}

interface Moment {
  readonly uptime: number;
  readonly hasLink: boolean;
  readonly machineId: string;
  readonly random: string;
}

/** What it wrote; of a fork, from the loss of the card on, and the uptime at which random numbers were renewed. */
export async function renewalOf(guest: Guest, isFork: boolean) {
  const lines = (await sh(guest, 'cat /tmp/renewal')).split('\n').map((line) => line.split(' '));
  const moments = lines.map(
    ([uptime, link, machineId = '', random = '']): Moment => ({
      ...{ uptime: Number(uptime), hasLink: link === '1', machineId, random },
    }),
  );
  const lost = isFork ? moments.findIndex(({ hasLink }) => !hasLink) : 0;
  const renewed = isFork ? Number((await sh(guest, 'cat /run/renewed')).split(' ')[0]) : 0;
  return { moments: moments.slice(lost), renewed };
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
