import { inspect } from 'node:util';
import { secondMs, systemClock } from '@bakehouse/base';
import { CommandError, ProcessLivesError, StartError } from '@bakehouse/host';
import { NetworkRangeError, NetworkToolError } from '@bakehouse/network';
import { MetadataStoreError } from '@bakehouse/record-store';
import { readConfig, UsageError } from './config.ts';
import { refuseUnfitHost } from './doctor/preflight.ts';
import { jsonLogger } from './json-logger.ts';
import { logWriter } from './log-writer.ts';
import { isNoSpace } from './no-space.ts';
import type { WireDrivers } from './platform.ts';
import { enterUserNamespace, needsUserNamespace } from './rootless/enter-user-namespace.ts';
import { CloseLimitError, runUntilStopped } from './run-until-stopped.ts';
import { LeaseLostError, serve } from './serve.ts';
import { BlockServerStartError } from './wiring/block-server.ts';

const write = logWriter();

/** EX_TEMPFAIL of sysexits.h: a service manager starts the server again. */
const leaseLostCode = 75;

/** Errors that say in their message what a person can do. Others are bugs, or of programs that are not ours. */
const plainErrors = [
  BlockServerStartError,
  CloseLimitError,
  CommandError,
  MetadataStoreError,
  NetworkRangeError,
  NetworkToolError,
  ProcessLivesError,
  StartError,
];

/** What a failure is called, and the exit code. A bug keeps its stack. */
function explained(error: unknown, dataDirectory = 'its data folder'): [string, number] {
  if (error instanceof UsageError) return [error.message, 2];
  if (error instanceof LeaseLostError) return [error.message, leaseLostCode];
  if (isNoSpace(error)) {
    const full = `the file system of ${dataDirectory} is full`;
    const wayOut = 'free at least 64 MiB there and start again';
    return [
      `${full}: ${wayOut}; guests that are paused because of it then continue by themselves`,
      1,
    ];
  }
  const plain = plainErrors.find((kind) => error instanceof kind);
  return [plain && error instanceof Error ? error.message : inspect(error), 1];
}

/** Resolves at the first SIGTERM or SIGINT. The second, of either kind, ends the process at once. */
function firstStopSignal(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const onSignal = () => {
    for (const signal of signals) process.off(signal, onSignal);
    resolve();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return promise;
}

export interface RunServerOptions {
  /** In place of the drivers that the configuration asks for: for tests. */
  readonly wire?: WireDrivers;
  /** Less than `bakehouse down` and service managers wait before they kill; 45 s unless given. */
  readonly closeLimitMs?: number;
}

/**
 * Runs the server until SIGTERM or SIGINT, and never rejects. Returns the exit code: 2 for a mistake in the call or a
 * host that lacks what real guests need, 75 when it has lost its lease, so that another server may be the active one,
 * 1 for every other failure, also one to close in time.
 * The caller exits with it at once, as what could not be closed would keep the process alive.
 */
export async function runServer(
  args: readonly string[],
  { wire, closeLimitMs = 45 * secondMs }: RunServerOptions = {},
): Promise<number> {
  let dataDirectory: string | undefined;
  try {
    const config = readConfig(args, process.env);
    ({ dataDirectory } = config);
    const logger = jsonLogger(config.logLevel, write);
    if (needsUserNamespace(config)) await enterUserNamespace(config, { endsLost: true });
    await refuseUnfitHost(config);
    await runUntilStopped(serve(config, logger, wire), {
      clock: systemClock,
      logger,
      // Also while it starts.
      stopRequested: firstStopSignal(),
      onReady: (url) => process.stdout.write(`bakehouse ready ${url}\n`),
      closeLimitMs,
    });
    return 0;
  } catch (error) {
    const [words, code] = explained(error, dataDirectory);
    write(`bakehouse serve: ${words}\n`);
    return code;
  }
}
