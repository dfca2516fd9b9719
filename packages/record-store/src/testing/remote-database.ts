import { setImmediate } from 'node:timers/promises';
import type { Awaitable, RecordDatabase } from '../record-database.ts';

/** The database as it is behind a socket: every call takes a while, and they are carried out in their order. */
export function remote(database: RecordDatabase): RecordDatabase {
  let last: Promise<unknown> = Promise.resolve();
  const later = <Result>(call: () => Awaitable<Result>): Promise<Result> => {
    const result = last.then(async () => {
      await setImmediate();
      const value = await call();
      await setImmediate();
      return value;
    });
    last = result.catch(() => {});
    return result;
  };
  return {
    name: database.name,
    isRemote: true,
    find: (...args) => later(() => database.find(...args)),
    walk: (...args) => later(() => database.walk(...args)),
    idsUnder: (...args) => later(() => database.idsUnder(...args)),
    walkIndex: (...args) => later(() => database.walkIndex(...args)),
    regionsUnder: (...args) => later(() => database.regionsUnder(...args)),
    count: (...args) => later(() => database.count(...args)),
    countIndex: (...args) => later(() => database.countIndex(...args)),
    commit: (changes) => later(() => database.commit(changes)),
    checkUsable: () => database.checkUsable(),
    explain: (...args) => database.explain(...args),
    close: () => later(() => database.close()),
  };
}
