import type { MetadataStore } from '@bakehouse/domain';
import type { Config } from './config.ts';
import type { WiredPowers } from './wiring/qemu-powers.ts';

export const version = '0.1.0';

/** What `GET /healthz` answers. */
export async function health(
  config: Config,
  metadata: MetadataStore,
  { accelerator }: WiredPowers,
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
  return {
    status: 'ok',
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
