import { type ConnectedClient, loadSdk } from '../client/ec2.ts';
import type { InstanceRow } from '../client/instances.ts';
import { waitForState } from './wait-for-state.ts';

/** Starts an instance that is stopped or stopping; others are left as they are. */
export async function startAgain(
  { client, connection }: ConnectedClient,
  { instanceId, state }: InstanceRow,
  signal: AbortSignal,
): Promise<void> {
  if (state !== 'stopped' && state !== 'stopping') return;
  await waitForState({ client, connection }, { ids: [instanceId], state: 'stopped' }, signal);
  const { StartInstancesCommand } = await loadSdk();
  const request = new StartInstancesCommand({ InstanceIds: [instanceId] });
  await client.send(request, { abortSignal: signal });
}
