import type { RecordEvent, WorkProgress } from '@bakehouse/admin-api';
import { type Clock, secondMs } from '@bakehouse/base';
import type { MetadataStore } from '@bakehouse/domain';
import { firstAccountId } from '../platform/accounts.ts';
import { EventLog } from './event-log.ts';
import { observedStore, type RecordChange } from './observed-store.ts';
import { type Shown, shownChange, shownRecord, wantedOf } from './shown-records.ts';

/** Events kept for readers that are behind or come back: some megabytes. */
const eventsKept = 10_000;
/** Within a stage, work reports at most so often. */
const progressEveryMs = secondMs / 4;
const messageCharactersMax = 200;

/** Turns commits and reported progress into events. */
export class ChangeFeed {
  readonly log: EventLog;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #reported = new Map<
    string,
    { readonly atMs: number; readonly progress: WorkProgress }
  >();

  constructor({ clock, stamp }: { readonly clock: Clock; readonly stamp: string }) {
    this.#clock = clock;
    this.log = new EventLog({ stamp, capacity: eventsKept });
  }

  /** The store to make all changes through. */
  observe(store: MetadataStore): MetadataStore {
    return observedStore(store, {
      wanted: wantedOf,
      onCommit: (changes) => {
        for (const change of changes) this.#publish(change);
      },
      onReset: () => this.log.interrupt(),
    });
  }

  /** Calls back after each change of the record. Returns how to stop. */
  watch(id: string, onChange: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(onChange));
    return () => {
      watchers.delete(onChange);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  /** Reports the progress of work to the operator. What comes too soon after the last within a stage is left out. */
  progress(id: string, { message, ...rest }: WorkProgress): void {
    const atMs = this.#clock.elapsed();
    const last = this.#reported.get(id);
    if (last?.progress.stage === rest.stage && atMs - last.atMs < progressEveryMs) return;
    const shortened = message?.slice(0, messageCharactersMax);
    const progress = shortened === undefined ? rest : { ...rest, message: shortened };
    this.#reported.set(id, { atMs, progress });
    const event = { type: 'progress', at: this.#clock.now(), id, ...progress } as const;
    this.log.append(event, { everyone: false, accountIds: [firstAccountId] });
  }

  /** The last progress of work that has not ended. */
  lastProgress(id: string): WorkProgress | undefined {
    return this.#reported.get(id)?.progress;
  }

  /** Forgets the progress of work that has ended. */
  forget(id: string): void {
    this.#reported.delete(id);
  }

  #publish({ kind, id, before, after }: RecordChange): void {
    const was = before && shownRecord(kind, before);
    const is = after && shownRecord(kind, after);
    const put = after && shownChange(kind, before, after);
    if (put) this.#append({ kind, id, change: 'put' }, put);
    if (was) this.#appendLoss({ kind, id, change: 'deleted' }, was, is);
    for (const onChange of this.#watchers.get(id) ?? []) onChange();
  }

  /** To those who saw the record before and do not any more, it is deleted. */
  #appendLoss(
    event: Pick<RecordEvent, 'kind' | 'id' | 'change'>,
    { state: _, progressPercent: __, problem: ___, ...was }: Shown,
    is?: Shown,
  ): void {
    if (is?.audience.everyone) return;
    const audience = { ...was.audience, except: is?.audience.accountIds ?? [] };
    this.#append(event, { ...was, audience });
  }

  #append(event: Pick<RecordEvent, 'kind' | 'id' | 'change'>, { audience, ...shown }: Shown): void {
    this.log.append({ type: 'record', at: this.#clock.now(), ...event, ...shown }, audience);
  }
}
