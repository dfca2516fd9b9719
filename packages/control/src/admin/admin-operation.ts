import type { Clock, IdSource, Logger } from '@bakehouse/base';
import type { AccountId, MetadataStore, RegionName } from '@bakehouse/domain';
import type { Powers } from '../context.ts';
import type { Hydrator } from '../reconcilers/hydrator.ts';
import type { Settings } from '../settings.ts';
import type { WorkflowEngine } from '../workflow/engine.ts';

/** What the operator's own calls work with; never given to EC2 operations. */
export interface AdminContext extends Powers {
  readonly accountId: AccountId;
  readonly region: RegionName;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly metadata: MetadataStore;
  readonly settings: Settings;
  readonly engine: WorkflowEngine;
  readonly hydrator: Pick<Hydrator, 'wake'>;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** Input from JSON, unchecked. */
export type AdminInput = Readonly<Record<string, unknown>>;

/**
 * Progress events, then the result: the last value. A call that answers at once yields once. The wire sends
 * each as a line of JSON.
 */
export type AdminOperation = (context: AdminContext, input: AdminInput) => AsyncIterable<object>;
