import { expect, test } from 'vitest';
import {
  AdminContractError,
  checkAdminInput,
  checkAdminProgress,
  checkAdminResult,
} from './check.ts';

function breachOf(check: () => unknown): unknown {
  try {
    check();
  } catch (error) {
    if (error instanceof AdminContractError) return [error.breach, error.path];
    throw error;
  }
  return undefined;
}

const workflowId = 'wf-0123456789abcdef0';

test.each([
  [{}, ['missing', 'workflowId']],
  [{ workflowId: 'i-1' }, ['invalid', 'workflowId']],
  [{ workflowId: 7 }, ['invalid', 'workflowId']],
  [{ workflowId, force: true }, ['unknown', 'force']],
  [[], ['missing', 'workflowId']],
  [null, ['invalid', '']],
  [{ workflowId }, undefined],
])('the input %j', (input, breach) => {
  expect(breachOf(() => checkAdminInput('WorkflowDrop', input))).toEqual(breach);
});

const pruned = { removedMaps: 1, removedChunks: 2, freedBytes: 3 };

test('a result keeps what the contract names, and drops what a later server added', () => {
  expect(checkAdminResult('Prune', { ...pruned, seconds: 4 })).toEqual(pruned);
});

test.each([
  [{ ...pruned, freedBytes: -1 }, ['invalid', 'freedBytes']],
  [{ removedMaps: 1, removedChunks: 2 }, ['missing', 'freedBytes']],
  ['done', ['invalid', '']],
])('the result %j is refused', (result, breach) => {
  expect(breachOf(() => checkAdminResult('Prune', result))).toEqual(breach);
});

test('a problem inside a list is named by its place', () => {
  const problem = { what: 'chunk', name: 'a', problem: 'damaged', usedBy: [], touches: [1] };
  const result = { checkedChunks: 1, checkedMaps: 1, problems: [problem] };
  expect(breachOf(() => checkAdminResult('Verify', result))).toEqual([
    'invalid',
    'problems.0.touches.0',
  ]);
});

test('progress is checked, and a call without progress has none', () => {
  const progress = { doneBytes: 1, totalBytes: 2 };
  expect(checkAdminProgress('Verify', progress)).toEqual(progress);
  expect(breachOf(() => checkAdminProgress('Prune', progress))).toEqual(['unknown', '']);
});
