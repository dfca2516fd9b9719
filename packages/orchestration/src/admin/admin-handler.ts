import type { AdminCallName, AdminInput, AdminProgress, AdminResult } from '@bakehouse/admin-api';
import type { Clock, IdSource, Logger } from '@bakehouse/base';
import type { AccountId, MetadataStore, RegionName } from '@bakehouse/domain';
import type { WorkflowEngine } from '@bakehouse/workflow-engine';
import type { ChangeFeed } from '../changes/change-feed.ts';
import type { Drivers } from '../context.ts';
import type { Hydrator } from '../reconcilers/hydrator.ts';
import type { Settings } from '../settings.ts';

/** The context of the operator's calls. API operations never get it: it has all drivers. */
export interface AdminContext extends Drivers {
  readonly accountId: AccountId;
  readonly region: RegionName;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metadata: MetadataStore;
  readonly settings: Settings;
  readonly engine: WorkflowEngine;
  readonly hydrator: Pick<Hydrator, 'wake'>;
  readonly changes: Pick<ChangeFeed, 'lastProgress' | 'forget'>;
  /** Aborted when the caller disconnects. */
  readonly signal: AbortSignal;
}

/**
 * One of the operator's calls, over the input that the contract has checked. Resolves with the result; `report` may be
 * called at any time before, and never blocks.
 */
export type AdminHandler<Name extends AdminCallName> = (
  context: AdminContext,
  input: AdminInput<Name>,
  report: (progress: AdminProgress<Name>) => void,
) => Promise<AdminResult<Name>>;

export type AdminHandlers = { readonly [Name in AdminCallName]: AdminHandler<Name> };
