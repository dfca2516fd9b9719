import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a tool to its end and returns what it printed; rejects with its output when it fails. */
export async function run(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await execute(command, args, { timeout: 60_000 });
  return stdout;
}

export async function temporaryFolder(): Promise<string> {
  return await mkdtemp('/tmp/bakehouse-nbd-');
}

export async function removeFolder(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export interface RunningTool {
  kill(): Promise<void>;
}

/** `qemu-nbd` with these arguments, ready to be connected to at `socketPath`. */
export async function startQemuNbd(socketPath: string, args: string[]): Promise<RunningTool> {
  const child = spawn('qemu-nbd', ['-t', '-k', socketPath, ...args], { stdio: 'ignore' });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await until(async () => existsSync(socketPath) && (await accepts(socketPath)));
  return {
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function accepts(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Waits for a condition; rejects when it does not come true within ten seconds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await condition()) return;
    await delay(10);
  }
  throw new Error('the condition did not come true within ten seconds');
}
