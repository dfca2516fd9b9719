import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { LogLevel } from '@bakehouse/base';
import { findRegion, publicRegions, type RegionName } from '@bakehouse/domain';
import { defaultDataDirectory, serveSettings } from './settings.ts';

/** Everything that is decided from outside, read once. */
export interface Config {
  readonly dataDirectory: string;
  readonly host: string;
  readonly port: number;
  readonly auth: 'strict' | 'open';
  readonly regions: readonly RegionName[];
  readonly compute: 'qemu' | 'simulated';
  readonly seedPath?: string;
  readonly logLevel: LogLevel;
  readonly ownerAlias: string;
  readonly publicCidr: string;
  readonly outbound: boolean;
}

/** A mistake of the person who starts the server; the text says what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

type SettingName = keyof typeof serveSettings;
type Environment = Readonly<Record<string, string | undefined>>;

function oneOf<Value extends string>(name: string, text: string, allowed: readonly Value[]): Value {
  const value = allowed.find((each) => each === text);
  if (value === undefined) {
    throw new UsageError(`--${name} must be one of ${allowed.join(', ')}, not '${text}'`);
  }
  return value;
}

function parseListen(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    throw new UsageError(`--listen must be HOST:PORT, for example 127.0.0.1:4599, not '${text}'`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

function parseRegions(text: string): readonly RegionName[] {
  if (text === 'all') return publicRegions.map((region) => region.name);
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !findRegion(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--regions has '${unknown}', which is no public AWS region; try us-east-1`,
    );
  }
  return [...new Set(names)];
}

/** As clients give it to `--owners`: no account id, and not `self`, which is the caller. */
function parseOwnerAlias(text: string): string {
  if (/^[a-z][a-z0-9-]{0,62}$/.test(text) && text !== 'self') return text;
  throw new UsageError(
    `--owner-alias must have up to 63 lower-case letters, digits and hyphens, and begin with a letter, not '${text}'`,
  );
}

export const isLoopback = (host: string) =>
  host === 'localhost' || host === '::1' || /^127\./.test(host);

function checkTogether(config: Config): Config {
  if (config.auth === 'open' && !isLoopback(config.host)) {
    throw new UsageError(
      `--auth open accepts anyone, so it is refused together with --listen ${config.host}; listen on 127.0.0.1 or use --auth strict`,
    );
  }
  if (config.seedPath && config.compute !== 'simulated') {
    throw new UsageError(
      '--seed registers images without bytes, so it is refused with real compute; add --compute simulated',
    );
  }
  return config;
}

/** The configuration from flags, else from the environment, else the default. Throws UsageError. */
export function readConfig(args: readonly string[], environment: Environment): Config {
  const options = Object.fromEntries(
    Object.keys(serveSettings).map((name) => [name, { type: 'string' as const }]),
  );
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...args], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const setting = (name: SettingName): string => {
    const { environment: variable, fallback } = serveSettings[name];
    return String(values[name] ?? environment[variable] ?? fallback);
  };
  const seedPath = setting('seed');
  return checkTogether({
    dataDirectory: resolve(setting('data') || defaultDataDirectory(environment)),
    ...parseListen(setting('listen')),
    auth: oneOf('auth', setting('auth'), ['strict', 'open']),
    regions: parseRegions(setting('regions')),
    compute: oneOf('compute', setting('compute'), ['qemu', 'simulated']),
    ...(seedPath ? { seedPath: resolve(seedPath) } : {}),
    logLevel: oneOf('log-level', setting('log-level'), ['debug', 'info', 'warn', 'error']),
    ownerAlias: parseOwnerAlias(setting('owner-alias')),
    publicCidr: setting('public-cidr'),
    outbound: oneOf('outbound', setting('outbound'), ['on', 'off']) === 'on',
  });
}
