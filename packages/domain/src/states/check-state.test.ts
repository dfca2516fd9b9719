import { expect, test } from 'vitest';
import { checkState, mayFollow, statesFor } from './check-state.ts';
import {
  type ActionOn,
  type ActionRule,
  type StatefulNoun,
  type StateOf,
  stateTables,
} from './state-tables.ts';

/** What records begin as; a launch makes volumes that are in use. */
const beginnings = {
  instance: ['pending'],
  image: ['pending', 'available'],
  snapshot: ['pending'],
  volume: ['creating', 'in-use'],
  attachment: ['attaching', 'attached'],
} satisfies Record<StatefulNoun, string[]>;

const nouns = Object.keys(stateTables) as StatefulNoun[];

const statesOf = <Noun extends StatefulNoun>(noun: Noun) =>
  Object.keys(stateTables[noun].next) as StateOf<Noun>[];
const actionsOn = <Noun extends StatefulNoun>(noun: Noun) =>
  Object.keys(stateTables[noun].actions) as ActionOn<Noun>[];

test.each(nouns)('every state of an %s is reached from what it begins as', (noun) => {
  const next: Readonly<Record<string, readonly string[]>> = stateTables[noun].next;
  const reached = new Set<string>(beginnings[noun]);
  for (const state of reached) for (const each of next[state] ?? []) reached.add(each);
  expect([...reached].sort()).toEqual(Object.keys(next).sort());
});

/** EC2's own words have their own form, but name the id and the state too. */
function refusalOf(noun: StatefulNoun, action: string, state: string): RegExp | string {
  const rules: Readonly<Record<string, ActionRule>> = stateTables[noun].actions;
  const rule = rules[action];
  if (rule === undefined || 'words' in rule) return new RegExp(`'x-1' is .*\\b${state}\\b`);
  return `'x-1' is not in a state from which it can be ${rule.verb}: it is '${state}', not '`;
}

test.each(nouns)('an action on an %s is refused in every state but its own', (noun) => {
  for (const action of actionsOn(noun)) {
    const allowed = statesFor(noun, action);
    expect(statesOf(noun)).toEqual(expect.arrayContaining([...allowed]));
    for (const state of statesOf(noun)) {
      const attempt = () => checkState(noun, { id: 'x-1', state }, action);
      if (allowed.includes(state)) expect(attempt).not.toThrow();
      else expect(attempt).toThrow(refusalOf(noun, action, state));
    }
  }
});

test('the refusal names the state, the states that it needs, and the way out', () => {
  expect(() => checkState('instance', { id: 'i-1', state: 'stopped' }, 'RebootInstances')).toThrow(
    expect.objectContaining({
      code: 'IncorrectInstanceState',
      message:
        "The instance 'i-1' is not in a state from which it can be rebooted: it is 'stopped', not 'pending' or 'running'",
    }),
  );
  const busy = { id: 'vol-1', state: 'busy' } as const;
  expect(() => checkState('attachment', busy, 'CreateSnapshots')).toThrow('ExcludeDataVolumeIds');
});

test('an image that is not available is refused in the words that EC2 was seen to use, where there are any', () => {
  const image = { id: 'ami-1', state: 'pending' } as const;
  const refused = (message: string) =>
    expect.objectContaining({ code: 'InvalidAMIID.Unavailable', message });
  expect(() => checkState('image', image, 'ModifyImageAttribute')).toThrow(
    refused("The AMI ID 'ami-1' is currently pending and may not be used for this operation"),
  );
  expect(() => checkState('image', image, 'RunInstances')).toThrow(
    refused("AMI 'ami-1' is pending, and cannot be run"),
  );
  expect(() => checkState('image', image, 'ResetImageAttribute')).toThrow(
    refused(
      "The image 'ami-1' is not in a state from which it can be reset: it is 'pending', not 'available'",
    ),
  );
});

test('what has ended stays so, and a state may stay', () => {
  expect(mayFollow('instance', 'terminated', 'running')).toBe(false);
  expect(mayFollow('instance', 'terminated', 'terminated')).toBe(true);
  expect(mayFollow('instance', 'stopped', 'pending')).toBe(true);
  expect(mayFollow('snapshot', 'completed', 'pending')).toBe(false);
  expect(mayFollow('volume', 'deleting', 'available')).toBe(false);
});
