import { hourMs } from '@bakehouse/base';
import { type RunCommand, redact, systemFolders } from '@bakehouse/host';

interface BakeCommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Each line of standard output and standard error. */
  readonly onLine?: (line: string) => void;
  /** The output may contain secrets, so it is not written to the log. */
  readonly isSecret?: boolean;
}

/** Runs one program of a bake and returns its standard output. Rejects when it fails. */
export type RunBakeCommand = (
  argv: readonly string[],
  options?: BakeCommandOptions,
) => Promise<string>;

/** No step takes this long, not even downloads over a slow line: a program that does has stopped making progress. */
const timeoutMs = 4 * hourMs;

/** The guest's files must be readable for the guest's users, whatever the umask of the server. */
const guestUmask = 0o022;

/** Debian's scripts need Debian's own Python and Perl, not those that come first on the operator's PATH. */
const systemPath = systemFolders.join(':');

/**
 * How the programs of one bake run: with the operator's proxies, ended by an abort or the server's end, their output in
 * the bake's log.
 */
export function bakeCommandRunner(bake: {
  readonly runCommand: RunCommand;
  readonly environment: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}): RunBakeCommand {
  return (argv, { environment = {}, onLine, isSecret = false } = {}) =>
    bake.runCommand(argv, {
      timeoutMs,
      // Else it would go on writing into the work folder of the next bake.
      endsWithParent: true,
      umask: guestUmask,
      environment: { PATH: systemPath, LC_ALL: 'C.UTF-8', ...bake.environment, ...environment },
      onLine(line) {
        if (!isSecret) bake.log(redact(line));
        onLine?.(line);
      },
      ...(bake.signal === undefined ? {} : { signal: bake.signal }),
    });
}
