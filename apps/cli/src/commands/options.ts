import { type Connection, findConnection } from '../client/connection.ts';
import { CommandUsageError, type Invocation, type OptionSpecs } from '../command.ts';

/** Options that several commands have, with their help. */
export const regionOption = { region: { type: 'string' } } satisfies OptionSpecs;
export const regionHelp = { region: 'NAME: another region than that of `bakehouse env`' };

export const waitOptions = {
  'no-wait': { type: 'boolean' },
} satisfies OptionSpecs;
export const waitHelp = { 'no-wait': 'do not wait for the end of the work' };

export function textOption(options: Invocation['options'], name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number of at least `min`; CommandUsageError for anything else. */
export function numberOption(
  options: Invocation['options'],
  name: string,
  { fallback, min }: { readonly fallback: number; readonly min: number },
): number {
  const text = textOption(options, name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= min) return value;
  throw new CommandUsageError(`--${name} must be a whole number of at least ${min}, not '${text}'`);
}

const sshTimeoutSeconds = 900;

export const timeoutOption = { timeout: { type: 'string' } } satisfies OptionSpecs;
export const timeoutHelp = { timeout: `SECONDS to wait for ssh (${sshTimeoutSeconds})` };

/** How long to wait for ssh. To be read before anything is launched. */
export function sshTimeoutMs(options: Invocation['options']): number {
  return numberOption(options, 'timeout', { fallback: sshTimeoutSeconds, min: 1 }) * 1000;
}

/** The server that the environment names, in the region that the command names. */
export function connectionFor({
  env,
  options,
}: Pick<Invocation, 'env' | 'options'>): Promise<Connection> {
  return findConnection(env, textOption(options, 'region'));
}

export function printJson({ terminal }: Pick<Invocation, 'terminal'>, value: unknown): void {
  terminal.print(JSON.stringify(value));
}
