import type { MetadataStore } from '@bakehouse/domain';
import type { ControlPlane } from '@bakehouse/orchestration';
import type { Config } from './config.ts';
import type { PlatformSecrets } from './parameter-key.ts';
import type { WiredDrivers } from './wiring/qemu-drivers.ts';

const version = '0.1.0';

const terminated = { where: { state: ['terminated'] } };

export interface HealthSources {
  readonly metadata: MetadataStore;
  readonly wired: WiredDrivers;
  readonly secrets: Pick<PlatformSecrets, 'problem'>;
  readonly plane: {
    readonly engine: Pick<ControlPlane['engine'], 'list' | 'haltedBecause'>;
    readonly startup: Pick<ControlPlane['startup'], 'current'>;
  };
}

/** What keeps the platform or a guest from its work now, each with the way out. */
async function problemsOf({ wired, plane, secrets }: HealthSources): Promise<readonly string[]> {
  const { compute, room } = wired.drivers;
  const stalled = [...(await compute.stalled())];
  const shortages = (await room?.shortages()) ?? [];
  const { haltedBecause } = plane.engine;
  const halted = `no workflow runs any more: ${haltedBecause}; restart this server`;
  const parked = plane.engine.list('parked').map(({ workflow: { id, kind, lanes }, problem }) => {
    const what = `the work ${id} (${kind}) on ${lanes.join(', ')} is parked`;
    return `${what}: ${problem?.message}; see 'bakehouse workflows'`;
  });
  return [
    ...stalled.map(([id, why]) => `the guest of ${id} is paused: ${why}`),
    ...shortages,
    ...(secrets.problem === undefined ? [] : [secrets.problem]),
    ...(haltedBecause === undefined ? [] : [halted]),
    ...parked,
  ];
}

function statusOf(problems: readonly string[], starting: string | undefined) {
  if (starting) return { status: 'starting', starting };
  return { status: problems.length === 0 ? 'ok' : 'impaired' };
}

function storeOf({ dataDirectory, metadataUrl }: Config) {
  const kind = metadataUrl === undefined ? 'sqlite' : 'postgres';
  return { kind, directory: dataDirectory };
}

/** What `GET /healthz` returns from a standby. */
export function standbyHealth(config: Config, role: object): object {
  const { compute, regions, auth } = config;
  const store = storeOf(config);
  const pid = process.pid;
  return { status: 'standby', problems: [], ...role, version, pid, compute, store, regions, auth };
}

/**
 * What `GET /healthz` returns. `status` is `starting` while the API is served and not all is ready, with the part that
 * is being made ready in `starting`; `impaired` while there are problems; else `ok`.
 */
export async function health(config: Config, sources: HealthSources): Promise<object> {
  const { metadata, wired } = sources;
  const counts = await metadata.read(async (tx) => {
    return {
      images: await tx.count('image'),
      snapshots: await tx.count('snapshot'),
      volumes: await tx.count('volume'),
      instances: (await tx.count('instance')) - (await tx.count('instance', terminated)),
      workflows: await tx.count('workflow'),
    };
  });
  const problems = await problemsOf(sources);
  return {
    ...statusOf(problems, sources.plane.startup.current),
    problems,
    version,
    pid: process.pid,
    compute: config.compute,
    accelerator: wired.accelerator,
    store: storeOf(config),
    regions: config.regions,
    auth: config.auth,
    counts,
  };
}
