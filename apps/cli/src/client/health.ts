import { CommandFailedError } from '../command.ts';

/** What `GET /healthz` returns. */
export interface Health {
  readonly status: 'starting' | 'ok' | 'impaired' | 'standby';
  /** The active server's URL, where this one is its standby. */
  readonly active?: string;
  /** The part that is being made ready, while `status` is `starting`. */
  readonly starting?: string;
  readonly version: string;
  /** What keeps the platform or a guest from its work now, each with the way out. */
  readonly problems?: readonly string[];
  readonly pid: number;
  readonly compute: 'qemu' | 'simulated';
  /** Absent from a standby, and so are the counts. */
  readonly accelerator?: { readonly accel: string; readonly reason: string };
  readonly store: { readonly directory: string };
  readonly regions: readonly string[];
  readonly counts?: Readonly<Record<string, number>>;
}

const limitMs = 10_000;

/** Throws CommandFailedError when nothing answers there. */
export async function fetchHealth(endpoint: string, signal: AbortSignal): Promise<Health> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)]);
  const response = await fetch(`${endpoint}/healthz`, { signal: limit }).catch((cause: unknown) => {
    signal.throwIfAborted();
    throw new CommandFailedError(`${endpoint} does not answer; start it with 'bakehouse serve'`, {
      cause,
    });
  });
  return (await response.json()) as Health;
}
