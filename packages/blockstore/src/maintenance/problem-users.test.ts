import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { contentKey } from '../format/content-id.ts';
import { changeTree, emptyTree } from '../maps/change-tree.ts';
import { type MapTree, PageUnreadableError } from '../maps/map-tree.ts';
import { NewPages } from '../maps/new-pages.ts';
import { ProblemUsers } from './problem-users.ts';

/** A tree of one page, whose chunk is a problem, and the same tree while its page is read with this error. */
async function treeOfProblem(error: Error) {
  const chunkId = randomBytes(32);
  const empty = { ...emptyTree(new NewPages()), sizeBytes: 1 };
  const { tree } = await changeTree(empty, [{ blockIndex: 0, chunkId }]);
  const pages = { peek: () => undefined, read: () => Promise.reject(error) };
  const failing: MapTree = { ...tree, pages };
  return { tree, failing, key: contentKey(chunkId) };
}

test('what is below a page that cannot be read is not known', async () => {
  const { failing, key } = await treeOfProblem(new PageUnreadableError('0123', 'is damaged'));
  const rootKey = contentKey(failing.root ?? Buffer.alloc(0));
  const users = new ProblemUsers((each) => each === key || each === rootKey);
  expect([...(await users.problemsOf(failing))]).toEqual([rootKey]);
});

test('an error that says nothing about the page is thrown, and the page is looked at again', async () => {
  const error = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
  const { tree, failing, key } = await treeOfProblem(error);
  const users = new ProblemUsers((each) => each === key);
  await expect(users.problemsOf(failing)).rejects.toBe(error);
  expect([...(await users.problemsOf(tree))]).toEqual([key]);
});
