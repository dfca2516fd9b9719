import { allEnded } from '@bakehouse/base';
import type { FlushWatch, TailWriter } from './tail-writer.ts';

/** Watches several tails: `sync` flushes all at the same time, and throws when any flush has failed. */
export function watchTails(tails: readonly TailWriter[]): FlushWatch {
  const watches = tails.map((tail) => tail.watch());
  return {
    async sync() {
      await allEnded(watches.map((watch) => watch.sync()));
    },
  };
}
