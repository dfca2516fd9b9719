import * as v from 'valibot';
import {
  type AdminCallName,
  type AdminInput,
  type AdminProgress,
  type AdminResult,
  adminCalls,
  type CallSchemas,
} from './contract.ts';
import type { MemberSchema } from './schema.ts';

export type ContractBreach = 'missing' | 'unknown' | 'invalid';

/** A value is not what the contract says. */
export class AdminContractError extends Error {
  override readonly name = 'AdminContractError';
  readonly breach: ContractBreach;
  /** The member, such as `rows.0.id`; empty for the value as a whole. */
  readonly path: string;
  readonly problem: string;

  constructor(breach: ContractBreach, path: string, problem: string) {
    super(path === '' ? problem : `${path}: ${problem}`);
    this.breach = breach;
    this.path = path;
    this.problem = problem;
  }
}

const isObjectIssue = ({ type }: v.GenericIssue) => type === 'object' || type === 'strict_object';

function breachOf(issue: v.GenericIssue): ContractBreach {
  const isAboutMember = isObjectIssue(issue) && (issue.path?.length ?? 0) > 0;
  if (isAboutMember && issue.expected === 'never') return 'unknown';
  return isAboutMember && issue.received === 'undefined' ? 'missing' : 'invalid';
}

const longestProblem = 300;

function check(schema: MemberSchema, value: unknown): unknown {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return output;
  const [issue] = issues;
  const breach = breachOf(issue);
  const problem = breach === 'invalid' ? issue.message.slice(0, longestProblem) : `is ${breach}`;
  throw new AdminContractError(breach, v.getDotPath(issue) ?? '', problem);
}

/** The input of a call, as a client sends it and the server reads it. Throws AdminContractError. */
export function checkAdminInput<Name extends AdminCallName>(
  name: Name,
  value: unknown,
): AdminInput<Name> {
  return check(adminCalls[name].input, value) as AdminInput<Name>;
}

/** The result of a call, as the server sends it and a client reads it. Throws AdminContractError. */
export function checkAdminResult<Name extends AdminCallName>(
  name: Name,
  value: unknown,
): AdminResult<Name> {
  return check(adminCalls[name].result, value) as AdminResult<Name>;
}

/** Progress of a call, as the server sends it and a client reads it. Throws AdminContractError. */
export function checkAdminProgress<Name extends AdminCallName>(
  name: Name,
  value: unknown,
): AdminProgress<Name> {
  const call: CallSchemas = adminCalls[name];
  if (!call.progress) throw new AdminContractError('unknown', '', `${name} has no progress`);
  return check(call.progress, value) as AdminProgress<Name>;
}
