import type { MetadataStore } from '@bakehouse/domain';
import type { Config } from './config.ts';
import type { WiredPowers } from './wiring/qemu-powers.ts';

export const version = '0.1.0';

/** What keeps the platform or a guest from its work now, each with the way out. */
async function problemsOf({ compute, room }: WiredPowers['powers']): Promise<readonly string[]> {
  const stalled = [...(await compute.stalled())];
  const shortages = (await room?.shortages()) ?? [];
  return [...stalled.map(([id, why]) => `the guest of ${id} stands still: ${why}`), ...shortages];
}

/** What `GET /healthz` answers. `status` is `impaired` while there are problems. */
export async function health(
  config: Config,
  metadata: MetadataStore,
  { accelerator, powers }: WiredPowers,
): Promise<object> {
  const counts = await metadata.read(async (tx) => {
    const instances = await tx.list('instance');
    return {
      images: (await tx.list('image')).length,
      snapshots: (await tx.list('snapshot')).length,
      volumes: (await tx.list('volume')).length,
      instances: instances.filter((instance) => instance.state !== 'terminated').length,
      workflows: (await tx.list('workflow')).length,
    };
  });
  const problems = await problemsOf(powers);
  return {
    status: problems.length === 0 ? 'ok' : 'impaired',
    problems,
    version,
    pid: process.pid,
    compute: config.compute,
    accelerator,
    store: { kind: 'sqlite', directory: config.dataDirectory },
    regions: config.regions,
    auth: config.auth,
    counts,
  };
}
