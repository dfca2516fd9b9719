import type { Command, Invocation } from '../command.ts';

/** Runs a command against the server at `url`. Returns its exit code and what it printed. */
export async function runCommandAt(
  url: string,
  command: Command,
  { args = [], options = {} }: Partial<Pick<Invocation, 'args' | 'options'>> = {},
): Promise<{ readonly code: number; readonly printed: readonly string[] }> {
  const printed: string[] = [];
  const code = await command.run({
    args,
    options,
    terminal: {
      isInteractive: false,
      print: (line) => void printed.push(line),
      drained: async () => {},
      note: () => {},
      transient: () => {},
      style: (_, text) => text,
    },
    env: { AWS_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'A', AWS_SECRET_ACCESS_KEY: 'S' },
    signal: new AbortController().signal,
  });
  return { code, printed };
}
