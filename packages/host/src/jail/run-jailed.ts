import { type CommandOptions, runCommand } from '../run-command.ts';
import { findJailTools, jailedProgram } from './find-jail-tools.ts';
import { type Jail, jailDescriptors, planJail } from './plan-jail.ts';
import { seccompFilter } from './seccomp-filter.ts';

/** The program comes by standard input, which the jailed program does not get. */
const readFilter = ['sh', '-c', `exec "$@" ${jailDescriptors.filter}<&0 </dev/null`, 'jail'];

interface RunJailedOptions
  extends Omit<CommandOptions, 'input' | 'endsWithParent' | 'environment'> {
  /** An argv prefix that becomes what follows it by exec, for example to enter a control group. */
  readonly enter?: readonly string[];
}

/** As `runCommand`, in a jail: for tools that read what guests have written. Rejects with JailError, too. */
export async function runJailed(
  jail: Jail,
  argv: readonly string[],
  { enter = [], ...options }: RunJailedOptions,
): Promise<string> {
  const [program = '', ...args] = argv;
  const [tools, path] = await Promise.all([findJailTools(), jailedProgram(program)]);
  const descriptors = { filter: jailDescriptors.filter };
  const jailed = planJail(jail, tools, { argv: [path, ...args], descriptors });
  const command = [...enter, ...readFilter, ...jailed];
  return await runCommand(command, { ...options, input: seccompFilter() });
}
