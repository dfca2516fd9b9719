import { open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, inject, onTestFailed } from 'vitest';
import { hostNames } from './leftovers.ts';
import { run } from './run.ts';

const linesMax = 40;
const consoleLinesMax = 12;

async function textSince(path: string, offset: number): Promise<string> {
  await using file = await open(path);
  const { size } = await file.stat();
  const bytes = Buffer.alloc(Math.max(0, size - offset));
  await file.read(bytes, 0, bytes.length, offset);
  return bytes.toString('utf8');
}

function lastLines(text: string, count: number): string {
  return text.trim().split('\n').slice(-count).join('\n');
}

/** What shows why a guest has no address, or is not reached: what its port has sent, who replies, and to whom. */
const networkCommands = [
  'nft list sets',
  'nft list maps',
  'ip route show table all',
  'cat $0/vpc-*/dhcp-hosts $0/vpc-*/leases',
  'ip neigh',
  'ip -s link',
] as const;

async function networkState(dataDirectory: string): Promise<string> {
  const { network, runtimeDirectories } = hostNames(dataDirectory);
  const folder = runtimeDirectories.at(-1) ?? '';
  const namespaces = (await readdir('/run/netns')).filter((name) => name.startsWith(network));
  const parts: string[] = [];
  for (const namespace of namespaces) {
    const inside = ['nsenter', `--net=/run/netns/${namespace}`, 'sh', '-c'];
    for (const command of networkCommands) {
      const { stdout, stderr } = await run([...inside, command, folder]);
      parts.push(`# ${namespace}: ${command}`, `${stdout}${stderr}`);
    }
  }
  return parts.join('\n');
}

/** Twice: a virtual CPU that runs uses time between the two. */
async function machineThreads(): Promise<string> {
  const threads = 'ps -L -C qemu-system-x86_64 -o pid,comm,stat,cputimes,wchan:24';
  const { stdout } = await run(['sh', '-c', `${threads}; sleep 3; ${threads}`]);
  return `# threads of the machines, now and 3 s later\n${stdout}`;
}

async function consoles(dataDirectory: string): Promise<string> {
  const folder = join(dataDirectory, 'instances');
  const parts: string[] = [];
  for (const instanceId of await readdir(folder)) {
    const text = await readFile(join(folder, instanceId, 'serial.log'), 'utf8').catch(String);
    parts.push(`# console of ${instanceId}`, lastLines(text, consoleLinesMax));
  }
  return parts.join('\n');
}

/** This module is loaded once for each file. Later tests of a file mostly fail because of the first. */
let isGuestsShown = false;

/** Prints what the server logged during a test that failed and, once, the guests' consoles, threads and network. */
beforeEach(async () => {
  const { serverLog, dataDirectory } = inject('platform');
  const { size } = await stat(serverLog);
  onTestFailed(async ({ task }) => {
    const logged = lastLines(await textSince(serverLog, size), linesMax);
    process.stderr.write(`\nserver log during '${task.name}':\n${logged}\n\n`);
    if (isGuestsShown) return;
    isGuestsShown = true;
    process.stderr.write(`${await consoles(dataDirectory)}\n${await machineThreads()}\n`);
    process.stderr.write(`the guests' network:\n${await networkState(dataDirectory)}\n`);
  });
});
