import { readConfig, UsageError } from './config.ts';
import { refuseUnfitHost } from './doctor/preflight.ts';
import { jsonLogger } from './json-logger.ts';
import { logWriter } from './log-writer.ts';
import { serve } from './serve.ts';

/**
 * Runs the server until SIGTERM or SIGINT. Answers the exit code: 2 for a mistake in the call. The caller
 * exits with it at once: connections to machines that live on would keep the process.
 */
export async function runServer(args: readonly string[]): Promise<number> {
  try {
    const config = readConfig(args, process.env);
    const logger = jsonLogger(config.logLevel, logWriter());
    await refuseUnfitHost(config);
    // Asked for before it says that it is ready, and while it starts; a second signal ends it at once.
    const asked = new Promise<void>((resolve) => {
      process.once('SIGTERM', () => resolve());
      process.once('SIGINT', () => resolve());
    });
    const server = await serve(config, logger);
    process.stdout.write(`bakehouse ready ${server.url}\n`);
    await asked;
    await server.close();
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`bakehouse serve: ${error.message}\n`);
    return 2;
  }
}
