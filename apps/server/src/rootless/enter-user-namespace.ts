import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemClock } from '@bakehouse/base';
import {
  findNamespaceMember,
  findProgram,
  type HostProcess,
  isInNamespacesOf,
  joinNamespacesCommand,
  makeNamespacesCommand,
  namespaceOf,
  ownEnvironment,
  readTextIfExists,
} from '@bakehouse/host';
import { type Config, rootlessVariable, UsageError } from '../config.ts';
import { isDataDirectory, nameDataDirectory } from '../data-directory.ts';
import { holderOf, whileFree } from '../data-lock.ts';
import { tunCheck } from '../doctor/device-checks.ts';
import { endProcesses } from '../doctor/end-processes.ts';
import { type PlatformProcess, platformProcesses } from '../doctor/platform-processes.ts';
import { checkRootless } from './check-rootless.ts';

/** Whether guests need rights that this process gets only in a user namespace. */
export const needsUserNamespace = ({ compute }: Pick<Config, 'compute'>): boolean =>
  compute === 'qemu' && process.getuid?.() !== 0;

export interface EnterOptions {
  /**
   * Guests whose namespaces nothing leads into any more are ended first: only their user outside may do that. For
   * commands that end guests or follow their server.
   */
  readonly endsLost?: boolean;
  /** What the command has beside its own arguments then. */
  readonly more?: readonly string[];
}

/**
 * Becomes this very command once more, as root of the platform's user namespace: that of its processes that run, or a new
 * one. Rejects with UsageError, which says what is missing and how to get it.
 */
export async function enterUserNamespace(
  config: Config,
  { endsLost = false, more = [] }: EnterOptions = {},
): Promise<never> {
  const owner = await ownerOf(config.dataDirectory);
  const member = await findMember(config, owner);
  const argv = [process.execPath, ...process.execArgv, ...process.argv.slice(1), ...more];
  const join = ({ pid }: HostProcess) =>
    become(joinNamespacesCommand(pid, { at: process.cwd(), argv }));
  if (member) return await join(member);
  await refuseUnfitUser(config);
  const late = endsLost ? await endLost(config, owner) : undefined;
  if (late) return await join(late);
  return await become(makeNamespacesCommand(owner, argv));
}

/** The same where it can be had: resolves when it cannot. */
export async function tryUserNamespace(config: Config): Promise<void> {
  if (!needsUserNamespace(config)) return;
  await enterUserNamespace(config).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
  });
}

/** The data folder's real path, also before it exists. */
async function ownerOf(path: string): Promise<string> {
  return await realpath(path).catch(async () => join(await ownerOf(dirname(path)), basename(path)));
}

/** The names are those that the platform has inside. */
const namesInside = ({ dataDirectory }: Pick<Config, 'dataDirectory'>) =>
  nameDataDirectory({ dataDirectory, runtimeParent: '/run' });

/** The server comes first: a second one, which is about to be refused, has namespaces of its own. */
async function findMember(config: Config, owner: string): Promise<HostProcess | undefined> {
  const { lock, namespaces } = await namesInside(config);
  const server = await holderOf(lock);
  if (server && (await isInNamespacesOf(server, owner))) return server;
  const proof = await readTextIfExists(namespaces);
  return proof === undefined ? undefined : await findNamespaceMember(owner, proof);
}

async function refuseUnfitUser(config: Config): Promise<void> {
  const checks = [...(await checkRootless(config)), await tunCheck()];
  const failed = checks.filter(({ status }) => status === 'fail');
  if (failed.length === 0) return;
  const lines = failed.map(({ name, detail, remedy }) => `  ${name}: ${detail}\n    → ${remedy}`);
  throw new UsageError(
    `real guests without root need this first:\n${lines.join('\n')}\nor run it as root (sudo); without guests, use --compute simulated`,
  );
}

/**
 * Guests whose namespaces have no other process left: nothing leads into them any more, so they end as by a power cut, and
 * the server that starts now says so of their instances. None starts meanwhile, and while a server has the folder none
 * ends. Returns a process in namespaces that another command has made until now.
 */
async function endLost(config: Config, owner: string): Promise<HostProcess | undefined> {
  const names = await namesInside(config);
  if (!(await isDataDirectory(names.root))) return undefined;
  return await whileFree(names, async () => {
    const member = await findMember(config, owner);
    if (member === undefined) await endProcessesElsewhere(await platformProcesses(names));
    return member;
  });
}

/** Ends those of them that are in user namespaces of their own. */
async function endProcessesElsewhere(found: readonly PlatformProcess[]): Promise<void> {
  const own = await namespaceOf('self', 'user');
  const lost: PlatformProcess[] = [];
  for (const each of found) {
    const theirs = await namespaceOf(each.pid, 'user');
    if (theirs !== undefined && theirs !== own) lost.push(each);
  }
  if (lost.length === 0) return;
  process.stderr.write(
    `bakehouse: ending ${lost.length} processes whose network was lost, guests among them\n`,
  );
  await endProcesses(lost, { clock: systemClock });
}

async function become(argv: readonly string[]): Promise<never> {
  const [name = '', ...args] = argv;
  const program = await findProgram(name);
  if (program === undefined) throw new UsageError(`${name} is not installed`);
  const environment = { ...ownEnvironment(), [rootlessVariable]: `${process.getuid?.()}` };
  // Node warns that execve is experimental; this process is replaced before it prints that.
  process.execve?.(program, [name, ...args], environment);
  throw new Error(`${program} did not start`);
}
