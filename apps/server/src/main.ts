import { readConfig, UsageError } from './config.ts';
import { refuseUnfitHost } from './doctor/preflight.ts';
import { jsonLogger } from './json-logger.ts';
import { logWriter } from './log-writer.ts';
import { isNoSpace } from './no-space.ts';
import { serve } from './serve.ts';

const say = logWriter();

/** What a person can mend, with how; 2 is for a mistake in the call. Anything else is a bug: it is thrown. */
function explained(error: unknown, dataDirectory: string | undefined): number {
  if (error instanceof UsageError) {
    say(`bakehouse serve: ${error.message}\n`);
    return 2;
  }
  if (!isNoSpace(error)) throw error;
  const where = dataDirectory ?? 'its data folder';
  say(
    `bakehouse serve: the file system of ${where} is full: free at least 64 MiB there and start again; ` +
      'guests that stand because of it then go on by themselves\n',
  );
  return 1;
}

/**
 * Runs the server until SIGTERM or SIGINT. Answers the exit code: 2 for a mistake in the call, 1 for a full
 * disk. The caller exits with it at once: connections to machines that live on would keep the process.
 */
export async function runServer(args: readonly string[]): Promise<number> {
  let dataDirectory: string | undefined;
  try {
    const config = readConfig(args, process.env);
    ({ dataDirectory } = config);
    const logger = jsonLogger(config.logLevel, say);
    await refuseUnfitHost(config);
    // Asked for before it says that it is ready, and while it starts; a second signal ends it at once.
    const asked = new Promise<void>((resolve) => {
      process.once('SIGTERM', () => resolve());
      process.once('SIGINT', () => resolve());
    });
    const server = await serve(config, logger);
    process.stdout.write(`bakehouse ready ${server.url}\n`);
    await asked;
    logger.log('info', 'stopping: requests under way are finished, guests go on');
    await server.close();
    return 0;
  } catch (error) {
    return explained(error, dataDirectory);
  }
}
