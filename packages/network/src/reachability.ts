import type { Clock } from '@bakehouse/base';
import type { Nic } from '@bakehouse/domain';
import { tapName } from './network-names.ts';
import type { RunNetworkCommand } from './run-network-command.ts';

const answerTimeoutMs = 1_000;
const pollMs = 20;

/** Makes the kernel ask the guest for its MAC (a neighbour in state `probe`), and waits 1 s for the reply. */
export async function answersArp(
  nic: Nic,
  { run, clock, namespace }: { run: RunNetworkCommand; clock: Clock; namespace: string },
): Promise<boolean> {
  const device = tapName(nic.nicId);
  const ip = ['ip', '-n', namespace];
  const neighbour = [nic.privateIp, 'dev', device];
  await run([...ip, 'neigh', 'replace', ...neighbour, 'lladdr', nic.macAddress, 'nud', 'probe']);
  const deadline = clock.elapsed() + answerTimeoutMs;
  while (clock.elapsed() < deadline) {
    const answer = await run([...ip, '-j', 'neigh', 'show', ...neighbour]);
    const [entry]: { state?: string[] }[] = JSON.parse(answer || '[]');
    if (entry?.state?.includes('REACHABLE')) return true;
    if (entry?.state?.includes('FAILED')) return false;
    await clock.sleep(pollMs);
  }
  return false;
}
