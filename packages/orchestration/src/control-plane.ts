import { randomBytes } from 'node:crypto';
import { type Clock, type IdSource, type Logger, minuteMs, secondMs } from '@bakehouse/base';
import { dataFolderSetting, type Lease, type MetadataStore } from '@bakehouse/domain';
import {
  type AnyWorkflowDefinition,
  createWorkflowEngine,
  type Widths,
  type WorkflowEngine,
} from '@bakehouse/workflow-engine';
import type { AdminContext } from './admin/admin-handler.ts';
import { ChangeFeed } from './changes/change-feed.ts';
import type { EventLog } from './changes/event-log.ts';
import type { Drivers, ReconcilerContext, WorkflowContext } from './context.ts';
import { HotKeeper } from './hot/hot-keeper.ts';
import { RecentLaunches } from './hot/recent-launches.ts';
import { createPolicyApplier } from './network-policy/policy-applier.ts';
import { PolicyChanges } from './network-policy/policy-changes.ts';
import type { CallScope, OperationContext } from './operation-context.ts';
import { createRegionEnsurer, type RegionEnsurer } from './platform/ensure-region.ts';
import { fillVolume, stopFilling } from './reconcilers/fill-volume.ts';
import { forgetOld } from './reconcilers/housekeeping.ts';
import { createHydrator, type Hydrator } from './reconcilers/hydrator.ts';
import { handleMachineEvent } from './reconcilers/machine-events.ts';
import { periodically } from './reconcilers/periodically.ts';
import { reconcileLeftovers } from './reconcilers/reconcile-leftovers.ts';
import { noticeMissingMachines, reconcileMachines } from './reconcilers/reconcile-machines.ts';
import { checkStatuses } from './reconcilers/status-checks.ts';
import { RoomKeeper } from './room/room-keeper.ts';
import { isHere, type Settings } from './settings.ts';
import { machinesWhenFound, Startup } from './startup.ts';
import { nameOf } from './workflows/failures.ts';
import { firstFormat } from './workflows/first-format.ts';
import { workflowDefinitions } from './workflows/index.ts';
import { pruneBlocks } from './workflows/prune-blocks.ts';

export interface ControlPlaneOptions {
  readonly metadata: MetadataStore;
  readonly drivers: Drivers;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly settings: Settings;
  /**
   * Puts in order what the drivers need of the host: helper processes, the network. Requests are served meanwhile.
   * Opens the network when absent.
   */
  readonly openHost?: () => Promise<void>;
  /** How many steps at once may use each resource of the host (see `widthsFor`); without limits when absent. */
  readonly widths?: Widths;
  /** The right to run workflows; absent where this process alone can open the store. */
  readonly lease?: Lease;
  /** In place of the product's own: for tests, which make steps fail. */
  readonly definitions?: readonly AnyWorkflowDefinition<WorkflowContext>[];
}

export interface ControlPlane {
  readonly engine: WorkflowEngine;
  /** Changes of records, and progress. */
  readonly events: Pick<EventLog, 'read'>;
  /** How far the start is. */
  readonly startup: Pick<Startup, 'current' | 'need'>;
  /**
   * Finds what exists, repairs what differs, continues what was begun. Call once. Requests may be served before: they
   * commit, what they enqueue begins at the end of the start, and what needs a part that is not ready waits for it.
   */
  start(): Promise<void>;
  /** Interrupts running work; another control plane continues it. Guests keep running. */
  stop(): Promise<void>;
  /** The context of one request; the caller's default network exists when it resolves. */
  operationContext(scope: CallScope, requestId: string): Promise<OperationContext>;
  adminContext(scope: CallScope, signal: AbortSignal): AdminContext;
  /** Ends every guest and deletes every record but accounts, keys and the claim of the data folder: for test runs. */
  reset(): Promise<void>;
}

/** The control plane's own work that is repeated, and how long after its last end. */
const repeated: readonly {
  readonly name: string;
  readonly everyMs: number;
  readonly work: (context: ReconcilerContext) => Promise<void>;
}[] = [
  { name: 'network policy', everyMs: secondMs, work: ({ policy }) => policy.repair() },
  {
    name: 'status check of new instances',
    everyMs: 2 * secondMs,
    work: (context) => checkStatuses(context, true),
  },
  { name: 'status check', everyMs: minuteMs, work: (context) => checkStatuses(context, false) },
  { name: 'missing machines', everyMs: minuteMs, work: noticeMissingMachines },
  { name: 'housekeeping', everyMs: 5 * minuteMs, work: forgetOld },
];

/**
 * What is launched often, or asked for, is hot within minutes: nobody waits for it. The others do not wait for a file that
 * is being made.
 */
const hotWork: readonly {
  readonly name: string;
  readonly everyMs: number;
  readonly work: (keeper: HotKeeper) => Promise<void>;
}[] = [
  { name: 'fast restores', everyMs: 5 * secondMs, work: (keeper) => keeper.settle() },
  { name: 'room of hot maps', everyMs: 10 * secondMs, work: (keeper) => keeper.makeRoom() },
  { name: 'hot maps', everyMs: 10 * secondMs, work: (keeper) => keeper.look() },
];

interface Parts {
  readonly context: ReconcilerContext;
  readonly changes: ChangeFeed;
  readonly hydrator: Hydrator;
  readonly hotKeeper: HotKeeper;
  readonly regions: RegionEnsurer;
  readonly startup: Startup;
  readonly openHost: () => Promise<void>;
}

/** The parts of a control plane, which need one another: a workflow's context has the engine that runs it. */
function makeParts(options: ControlPlaneOptions): Parts {
  const { drivers, clock, ids, logger, settings } = options;
  const changes = new ChangeFeed({ clock, stamp: randomBytes(6).toString('hex') });
  const policyChanges = new PolicyChanges();
  const metadata = policyChanges.observe(changes.observe(options.metadata));
  const { network } = drivers;
  const { hostId } = settings;
  const policy = createPolicyApplier({ changes: policyChanges, metadata, network, hostId, logger });
  const hydrator = createHydrator({
    metadata,
    clock,
    logger,
    isHere: isHere(settings),
    fill: (volumeId, signal) => fillVolume(context, volumeId, signal),
    end: (volumeId) => stopFilling(context, volumeId),
  });
  const { lease, widths, definitions = workflowDefinitions } = options;
  const engine: WorkflowEngine = createWorkflowEngine<WorkflowContext>({
    metadata,
    clock,
    ids,
    logger,
    definitions,
    nameOf,
    firstFormat,
    lanes: hydrator,
    hostId,
    context: () => context,
    ...(widths ? { widths } : {}),
    ...(lease ? { lease } : {}),
  });
  const launches = new RecentLaunches();
  const hotKeeper = new HotKeeper({ ...drivers, metadata, engine, clock, logger }, launches);
  const context: ReconcilerContext = {
    ...drivers,
    clock,
    ids,
    logger,
    metadata,
    settings,
    engine,
    policy,
    hydrator,
    launches,
    changes,
  };
  const { openHost = () => drivers.network.open() } = options;
  return {
    context,
    changes,
    hydrator,
    hotKeeper,
    regions: createRegionEnsurer({ metadata, clock, ids }),
    startup: new Startup(clock),
    openHost,
  };
}

/** Handles the events of machines from now on. Returns how to stop. */
function watchMachines({ context }: Parts): () => void {
  return context.compute.watch((event) => {
    void handleMachineEvent(context, event).catch((error: unknown) =>
      context.logger.log('error', 'machine event not handled', { event, error }),
    );
  });
}

/** Pauses guests that would use up the platform's reserve, until the signal. */
async function keepRoom(context: ReconcilerContext, signal: AbortSignal): Promise<void> {
  const { guestRoom } = context;
  if (guestRoom) await new RoomKeeper({ ...context, guestRoom }).run(signal);
}

/** Finds what exists, repairs what differs, continues what was begun. */
async function resume({ context, hydrator, startup, openHost }: Parts): Promise<void> {
  const { compute, engine, logger, policy } = context;
  await compute.adopt();
  startup.done('machines');
  await openHost();
  // Without a policy the previous one stays, or nothing passes; everything else must start all the same.
  await policy.apply().catch((error: unknown) => {
    logger.log('error', 'network policy not applied at start; will be tried again', { error });
  });
  startup.done('host');
  await reconcileMachines(context);
  await reconcileLeftovers(context);
  await hydrator.find();
  await engine.resume();
  hydrator.resume();
  startup.done('work');
}

function contextOfRequest(
  { context, startup }: Parts,
  { accountId, region }: CallScope,
  requestId: string,
): OperationContext {
  const { clock, ids, logger, settings, metadata, engine, policy, compute, room } = context;
  return {
    requestId,
    accountId,
    region,
    now: clock.now(),
    ids,
    logger,
    settings,
    read: (work) => metadata.read(work),
    write: (work) => engine.write(work),
    untilWorking: () => startup.need('work'),
    async reached(workflowId, step, timeoutMs) {
      const deadline = clock.elapsed() + timeoutMs;
      // What was recorded before the engine resumes is not known to it.
      if (!(await startup.wait('work', timeoutMs))) return;
      await engine.reached(workflowId, step, Math.max(0, deadline - clock.elapsed()));
    },
    policy: {
      async apply() {
        await startup.need('host');
        await policy.apply();
      },
    },
    machines: machinesWhenFound(compute, startup),
    ...(room ? { diskRoom: room } : {}),
  };
}

/** A bake takes minutes: a reset does not wait for that. */
async function cancelBakes({ metadata }: Pick<ReconcilerContext, 'metadata'>): Promise<void> {
  await metadata.write(async (tx) => {
    for (const bake of await tx.list('bake', { where: { state: ['in-progress'] } })) {
      await tx.put('bake', { ...bake, isCancelling: true });
    }
  });
}

async function reset({ context, hydrator, regions }: Parts): Promise<void> {
  const { engine } = context;
  await hydrator.stop();
  await cancelBakes(context);
  await engine.settle();
  for (const { workflow } of engine.list('parked')) {
    await engine.drop(workflow.id);
    await engine.settle();
  }
  // Without its claim, the data folder would be refused at the next start.
  await context.metadata.reset(['account', 'accessKey'], [dataFolderSetting]);
  regions.forget();
  // Without records, everything outside is a leftover.
  await reconcileMachines(context);
  await reconcileLeftovers(context);
  await context.policy.apply();
  await pruneBlocks(context);
}

/** The control plane: what operations call, and workflows and reconcilers over ports. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const parts = makeParts(options);
  const { context, changes, hydrator, hotKeeper, regions, startup } = parts;
  const { engine } = context;
  const stopping = new AbortController();
  let loops: readonly Promise<void>[] = [];
  let unwatch = () => {};
  return {
    engine,
    startup,
    events: changes.log,
    async start() {
      unwatch = watchMachines(parts);
      await resume(parts);
      const { signal } = stopping;
      loops = [
        ...repeated.map(({ work, ...each }) =>
          periodically(options, { ...each, signal }, () => work(context)),
        ),
        ...hotWork.map(({ work, ...each }) =>
          periodically(options, { ...each, signal }, () => work(hotKeeper)),
        ),
        keepRoom(context, signal),
      ];
    },
    async stop() {
      stopping.abort(new Error('the control plane stops'));
      unwatch();
      hotKeeper.stop();
      await engine.stop();
      await hydrator.stop();
      await Promise.allSettled(loops);
    },
    async operationContext(scope, requestId) {
      await regions.ensure(scope.accountId, scope.region);
      return contextOfRequest(parts, scope, requestId);
    },
    adminContext: ({ accountId, region }, signal) => ({ ...context, accountId, region, signal }),
    reset: () => reset(parts),
  };
}
