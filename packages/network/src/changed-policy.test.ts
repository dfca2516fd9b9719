import { expect, test } from 'vitest';
import { changedPolicy } from './changed-policy.ts';

const open = {
  direction: 'ingress',
  protocol: '-1',
  peer: { kind: 'cidr', cidr: '0.0.0.0/0' },
} as const;

test('a change adds, replaces and removes; the rest stays', () => {
  const before = {
    nics: [
      { nicId: 'eni-1', groupIds: ['sg-1'] },
      { nicId: 'eni-2', groupIds: ['sg-1'] },
      { nicId: 'eni-3', groupIds: ['sg-2'] },
    ],
    groups: [
      { groupId: 'sg-1', rules: [] },
      { groupId: 'sg-2', rules: [open] },
    ],
  } as const;
  const after = changedPolicy(before, {
    nics: new Map([
      ['eni-1', undefined],
      ['eni-2', ['sg-3']],
      ['eni-4', ['sg-1', 'sg-3']],
    ]),
    groups: new Map([
      ['sg-1', [open]],
      ['sg-2', undefined],
      ['sg-3', []],
    ]),
  });
  expect(after).toEqual({
    nics: [
      { nicId: 'eni-3', groupIds: ['sg-2'] },
      { nicId: 'eni-2', groupIds: ['sg-3'] },
      { nicId: 'eni-4', groupIds: ['sg-1', 'sg-3'] },
    ],
    groups: [
      { groupId: 'sg-1', rules: [open] },
      { groupId: 'sg-3', rules: [] },
    ],
  });
});
