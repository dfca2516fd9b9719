import type { KeyedLock } from '@bakehouse/base';
import type {
  Compute,
  ForkedMachine,
  ForkResult,
  InstanceId,
  MachineSpec,
} from '@bakehouse/domain';
import type { ComputeContext } from './compute-options.ts';
import { endForksIn, forgetForks, keepForks, takeCopies } from './keep-guest.ts';
import type { MachineSession } from './machine-session.ts';
import { isMachineTrouble, withoutTrouble } from './machine-trouble.ts';

type SessionOf = (instanceId: InstanceId) => Promise<MachineSession | undefined>;

/** What else changes the machine waits for a fork, and a fork for that. */
const keysOf = (instanceId: InstanceId) => [`life ${instanceId}`, `disks ${instanceId}`];

/** See `GuestForker`. */
export class MachineForks {
  readonly #options: {
    readonly context: ComputeContext;
    readonly lock: KeyedLock;
    readonly sessionOf: SessionOf;
  };
  /** What forks have left in machines that did not respond. */
  readonly #left = new Map<MachineSession, readonly ForkedMachine[]>();

  constructor(context: ComputeContext, lock: KeyedLock, sessionOf: SessionOf) {
    this.#options = { context, lock, sessionOf };
  }

  fork(spec: MachineSpec, options: Parameters<Compute['fork']>[1]): Promise<ForkResult> {
    const { context, lock, sessionOf } = this.#options;
    const { instanceId: id } = spec;
    const holding = (work: () => Promise<void>) => lock.run([`hold ${id}`], work);
    return lock.run(keysOf(id), async () => {
      const session = await sessionOf(id);
      try {
        return await keepForks(context, session, { ...options, spec, holding });
      } catch (error) {
        await this.#end(session, options.forks);
        throw error;
      }
    });
  }

  end(instanceId: InstanceId, forks: readonly ForkedMachine[]): Promise<void> {
    const { lock, sessionOf } = this.#options;
    return lock.run(keysOf(instanceId), async () => this.#end(await sessionOf(instanceId), forks));
  }

  /** Ends what forks have left in a machine as soon as it responds. Nobody waits for that. */
  endLater(session: MachineSession, forks: readonly ForkedMachine[] = []): void {
    const before = this.#left.get(session);
    this.#left.set(session, [...(before ?? []), ...forks]);
    if (before) return;
    const { logger } = this.#options.context;
    void this.#untilEnded(session).catch((error: unknown) => {
      this.#left.delete(session);
      const { instanceId } = session.record;
      logger.log('error', 'cannot end what a fork has left in a machine', { instanceId, error });
    });
  }

  async #end(session: MachineSession | undefined, forks: readonly ForkedMachine[]): Promise<void> {
    const { context } = this.#options;
    if (session) {
      try {
        await endForksIn(context, session, forks);
        this.#left.delete(session);
      } catch (error) {
        // Whoever ends the machine waits for this, so it must not wait for the machine.
        if (!isMachineTrouble(error)) throw error;
        this.endLater(session, forks);
      }
      await takeCopies(context, session, forks);
    }
    await forgetForks(context, forks);
  }

  async #untilEnded(session: MachineSession): Promise<void> {
    const { clock, limits } = this.#options.context;
    const over = new AbortController();
    void session.ended.then(() => over.abort());
    await withoutTrouble(session.client());
    while (!over.signal.aborted && !(await this.#endLeft(session))) {
      await clock.sleep(limits.superviseMs, over.signal).catch(() => {});
    }
  }

  /** False when the machine does not respond. */
  async #endLeft(session: MachineSession): Promise<boolean> {
    const { context, lock } = this.#options;
    await session.status();
    if (!session.promptClient) return false;
    return await lock.run(keysOf(session.record.instanceId), async () => {
      const left = this.#left.get(session);
      // Another call has ended it.
      if (!left) return true;
      const ended = endForksIn(context, session, left).then(() => this.#left.delete(session));
      return (await withoutTrouble(ended)) ?? false;
    });
  }
}
