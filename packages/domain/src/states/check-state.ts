import { invariant } from '@bakehouse/base';
import { apiError } from '../errors/api-error.ts';
import {
  type ActionOn,
  type ActionRule,
  type StatefulNoun,
  type StateOf,
  stateTables,
} from './state-tables.ts';

interface Subject<Noun extends StatefulNoun> {
  readonly id: string;
  readonly state: StateOf<Noun>;
}

/** The states that allow the action. */
export function statesFor<Noun extends StatefulNoun>(
  noun: Noun,
  action: ActionOn<Noun>,
): readonly string[] {
  return ruleOf(noun, action).in;
}

/** Throws EC2's error when the subject's state does not allow the action. */
export function checkState<Noun extends StatefulNoun>(
  noun: Noun,
  { id, state }: Subject<Noun>,
  action: ActionOn<Noun>,
): void {
  const rule = ruleOf(noun, action);
  if (rule.in.includes(state)) return;
  const { code, noun: what } = stateTables[noun];
  const message =
    'words' in rule ? rule.words(id, state) : ourWords(rule, `The ${what} '${id}'`, state);
  throw apiError(code, { message });
}

function ourWords(
  { in: allowed, ignoredIn = [], verb, hint }: Extract<ActionRule, { verb: string }>,
  subject: string,
  state: string,
): string {
  const named = allowed.filter((each) => !ignoredIn.includes(each));
  const wanted = named.map((each) => `'${each}'`).join(' or ');
  return `${subject} is not in a state from which it can be ${verb}: it is '${state}', not ${wanted}${hint ? `; ${hint}` : ''}`;
}

/** True when a record may change from one state to the other. */
export function mayFollow<Noun extends StatefulNoun>(
  noun: Noun,
  from: StateOf<Noun>,
  to: StateOf<Noun>,
): boolean {
  const next: Readonly<Record<string, readonly string[]>> = stateTables[noun].next;
  return from === to || (next[from] ?? []).includes(to);
}

function ruleOf(noun: StatefulNoun, action: string): ActionRule {
  const actions: Readonly<Record<string, ActionRule>> = stateTables[noun].actions;
  const rule = actions[action];
  invariant(rule, `the table of ${noun} has ${action}`);
  return rule;
}
