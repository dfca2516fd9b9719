import { expect, test } from 'vitest';
import { changeSharing, type SharingRequest, sharedWithNobody } from './sharing.ts';

const a = '111122223333';
const b = '222233334444';

const request = (members: Partial<SharingRequest>): SharingRequest => ({
  attribute: 'launchPermission',
  structured: undefined,
  operationType: undefined,
  userIds: undefined,
  groups: undefined,
  ...members,
});

test.each<[string, Partial<SharingRequest>]>([
  ['structured', { structured: { Add: [{ UserId: a }, { UserId: b }] } }],
  ['flat', { operationType: 'add', userIds: [a, b] }],
  [
    'both, as Packer sends it',
    { structured: { Add: [{ UserId: a }, { UserId: b }] }, userIds: [b, a] },
  ],
  [
    'both with the operation',
    { structured: { Add: [{ UserId: a }, { UserId: b }] }, operationType: 'add', userIds: [a, b] },
  ],
  [
    'structured with the operation',
    { structured: { Add: [{ UserId: a }, { UserId: b }] }, operationType: 'add' },
  ],
])('one statement: %s', (_, members) => {
  const expected = { everyone: false, accountIds: [a, b] };
  expect(changeSharing(sharedWithNobody, request(members))).toEqual(expected);
});

test('groups and removals in both forms are one statement too', () => {
  const everyone = { everyone: true, accountIds: [a] };
  const add = { structured: { Add: [{ Group: 'all' }] }, groups: ['all'] };
  expect(changeSharing(sharedWithNobody, request(add)).everyone).toBe(true);
  const remove = { structured: { Remove: [{ Group: 'all' }] }, groups: ['all'] };
  expect(changeSharing(everyone, request(remove))).toEqual({ everyone: false, accountIds: [a] });
});

test.each<[string, Partial<SharingRequest>]>([
  ['other users', { structured: { Add: [{ UserId: a }] }, userIds: [b] }],
  ['more users', { structured: { Add: [{ UserId: a }] }, userIds: [a, b] }],
  ['a user as a group', { structured: { Add: [{ UserId: a }] }, groups: ['all'] }],
  ['another operation', { structured: { Remove: [{ UserId: a }] }, operationType: 'add' }],
  [
    'one operation of two',
    { structured: { Add: [{ UserId: a }], Remove: [{ UserId: b }] }, userIds: [a] },
  ],
  ['no operation', { structured: {} }],
  [
    'an account that is added and removed',
    { structured: { Add: [{ UserId: b }, { UserId: a }], Remove: [{ UserId: a }] } },
  ],
  [
    'everybody, added and removed beside an account',
    { structured: { Add: [{ Group: 'all' }], Remove: [{ UserId: a, Group: 'all' }] } },
  ],
])('two statements are refused: %s', (_, members) => {
  expect(() => changeSharing(sharedWithNobody, request(members))).toThrow(
    expect.objectContaining({ code: 'InvalidParameterCombination' }),
  );
});

test('another operation is refused with those that there are', () => {
  expect(() =>
    changeSharing(sharedWithNobody, request({ operationType: 'give', userIds: [a] })),
  ).toThrow('Value (give) for parameter operationType is invalid. Expecting one of: add, remove');
});
