import { readdir, readFile } from 'node:fs/promises';
import { type Clock, secondMs } from '@bakehouse/base';

const endLimitMs = 10 * secondMs;
const pollMs = 20;

async function argvOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return text.split('\0');
}

/**
 * The metadata agents that were started with this health socket. Found by their arguments: those name the data
 * folder's own socket, and unlike a file with a process id they cannot be stale, lost or missing.
 */
export async function findAgents(healthSocket: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const argv = await argvOf(pid);
    const at = argv.indexOf('--health');
    const isAgent = argv.some((argument) => argument.endsWith('/agent-main.ts'));
    if (isAgent && at !== -1 && argv[at + 1] === healthSocket) found.push(pid);
  }
  return found;
}

/** Ends them, however wedged, and waits until they are gone: only then is their port free. */
export async function endAgents(healthSocket: string, clock: Clock): Promise<readonly number[]> {
  const pids = await findAgents(healthSocket);
  // An agent keeps nothing: there is nothing to end in good order.
  for (const pid of pids) end(pid);
  for (const deadline = clock.elapsed() + endLimitMs; clock.elapsed() < deadline; ) {
    if ((await findAgents(healthSocket)).length === 0) return pids;
    await clock.sleep(pollMs);
  }
  throw new Error(`the metadata agent (process ${pids.join(', ')}) does not end; end it by hand`);
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
