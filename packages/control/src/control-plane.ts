import type { Clock, IdSource, Logger } from '@bakehouse/base';
import type { AccountId, MachineEvent, MetadataStore, RegionName } from '@bakehouse/domain';
import type { AdminContext } from './admin/admin-operation.ts';
import type { OperationContext, Powers, WorkflowContext } from './context.ts';
import { createPolicyApplier } from './network/policy-applier.ts';
import { createRegionEnsurer } from './platform/ensure-region.ts';
import { forgetOld } from './reconcilers/housekeeping.ts';
import { endHydration, hydrateVolume } from './reconcilers/hydrate-volume.ts';
import { createHydrator } from './reconcilers/hydrator.ts';
import { handleMachineEvent } from './reconcilers/machine-events.ts';
import { periodically } from './reconcilers/periodically.ts';
import { reconcileLeftovers } from './reconcilers/reconcile-leftovers.ts';
import { noticeMissingMachines, reconcileMachines } from './reconcilers/reconcile-machines.ts';
import { checkStatuses } from './reconcilers/status-checks.ts';
import type { Settings } from './settings.ts';
import { createWorkflowEngine, type WorkflowEngine } from './workflow/engine.ts';
import { workflowDefinitions } from './workflows/index.ts';
import { pruneBlocks } from './workflows/prune-blocks.ts';

export interface ControlPlaneOptions {
  readonly metadata: MetadataStore;
  readonly powers: Powers;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly settings: Settings;
}

export interface CallScope {
  readonly accountId: AccountId;
  readonly region: RegionName;
}

export interface ControlPlane {
  readonly engine: WorkflowEngine;
  /** Finds what is there, repairs what differs, goes on with what was begun. Call once. */
  start(): Promise<void>;
  /** Interrupts work under way; another control plane goes on with it. Guests are left running. */
  stop(): Promise<void>;
  /** The context of one request; the caller's default network is there when it resolves. */
  operationContext(scope: CallScope, requestId: string): Promise<OperationContext>;
  adminContext(scope: CallScope, signal: AbortSignal): AdminContext;
  /** Ends every guest and deletes every record but accounts and keys: for test runs. */
  reset(): Promise<void>;
}

const everyMs = {
  policy: 1_000,
  newStatus: 2_000,
  allStatus: 60_000,
  housekeeping: 5 * 60_000,
};

/** The control plane: operations, workflows and reconcilers over ports. */
export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { metadata, powers, clock, ids, logger, settings } = options;
  const regions = createRegionEnsurer({
    metadata,
    clock,
    ids,
    distinctRanges: settings.compute === 'qemu',
  });
  const policy = createPolicyApplier(metadata, powers.network, logger);
  const hydrator = createHydrator({
    metadata,
    clock,
    logger,
    fill: (volumeId, signal) => hydrateVolume(context, volumeId, signal),
    end: (volumeId) => endHydration(context, volumeId),
  });
  const engine: WorkflowEngine = createWorkflowEngine({
    metadata,
    clock,
    ids,
    logger,
    definitions: workflowDefinitions,
    lanes: hydrator,
    context: () => context,
  });
  const context: WorkflowContext = {
    ...powers,
    clock,
    ids,
    logger,
    metadata,
    settings,
    engine,
    policy,
    hydrator,
  };
  const stopping = new AbortController();
  const loops: Promise<void>[] = [];
  let unwatch = () => {};

  const onEvent = (event: MachineEvent) => {
    void handleMachineEvent(context, event).catch((error: unknown) =>
      logger.log('error', 'machine event not handled', { event, error }),
    );
  };

  const loop = (name: string, every: number, work: () => Promise<void>) => {
    const { signal } = stopping;
    loops.push(periodically({ clock, logger }, { name, everyMs: every, signal }, work));
  };

  return {
    engine,
    async start() {
      await powers.network.open();
      // A policy that is refused must not keep everything else from starting: the one before stays, or nothing passes.
      await policy.apply().catch((error: unknown) => {
        logger.log('error', 'network policy not applied at the start; tried again', { error });
      });
      unwatch = powers.compute.watch(onEvent);
      await powers.compute.adopt();
      await reconcileMachines(context);
      await reconcileLeftovers(context);
      await hydrator.find();
      await engine.resume();
      hydrator.resume();
      loop('network policy', everyMs.policy, () => policy.repair());
      loop('status check', everyMs.newStatus, () => checkStatuses(context, true));
      loop('status check', everyMs.allStatus, () => checkStatuses(context, false));
      loop('missing machines', everyMs.allStatus, () => noticeMissingMachines(context));
      loop('housekeeping', everyMs.housekeeping, () => forgetOld(context));
    },
    async stop() {
      stopping.abort(new Error('the control plane stops'));
      unwatch();
      await engine.stop();
      await hydrator.stop();
      await Promise.allSettled(loops);
    },
    async operationContext({ accountId, region }, requestId) {
      await regions.ensure(accountId, region);
      const now = clock.now();
      return {
        requestId,
        accountId,
        region,
        now,
        ids,
        logger,
        settings,
        read: (work) => metadata.read(work),
        write: (work) => engine.write(work),
        reached: (workflowId, step, timeoutMs) => engine.reached(workflowId, step, timeoutMs),
        policy,
        powers,
      };
    },
    adminContext: ({ accountId, region }, signal) => ({
      ...powers,
      accountId,
      region,
      clock,
      ids,
      logger,
      metadata,
      settings,
      engine,
      hydrator,
      signal,
    }),
    async reset() {
      await hydrator.stop();
      await engine.settle();
      await metadata.reset(['account', 'accessKey']);
      regions.forget();
      // Without records, everything outside is a leftover.
      await reconcileMachines(context);
      await reconcileLeftovers(context);
      await policy.apply();
      await pruneBlocks(context);
    },
  };
}
