import { setImmediate } from 'node:timers';
import { InvariantError } from '@bakehouse/base';

/**
 * Runs a function given to a store. It must come to its end in microtasks, as it does when it awaits
 * nothing but the store; `check` throws when it is called after that.
 */
export function withinOneTurn<Result>(
  work: (check: () => void) => Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const check = () => {
      if (isOver) throw outlivedItsTurn();
    };
    const run = async () => {
      try {
        resolve(await work(check));
      } catch (error) {
        reject(error);
      } finally {
        isOver = true;
      }
    };
    void run();
    setImmediate(() => {
      if (isOver) return;
      isOver = true;
      reject(outlivedItsTurn());
    });
  });
}

function outlivedItsTurn(): InvariantError {
  return new InvariantError(
    'a function given to the metadata store awaited something other than the store, or used its ' +
      'reader or transaction after it had ended',
  );
}
