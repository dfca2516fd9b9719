import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FirstFormatRow, openRow, toCurrentFormat } from '@bakehouse/workflow-engine';
import { expect, test } from 'vitest';
import { failureCodes } from './failures.ts';
import { firstFormat } from './first-format.ts';
import { workflowDefinitions } from './index.ts';

/**
 * Rows that commit 9de58a1 wrote to its store in its own simulation tests and with faults at each call: every kind with
 * every cursor that it could leave, forward and back.
 */
const rows: readonly FirstFormatRow[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'first-format-rows.json'), 'utf8'),
);
const lease = { holder: 'a-server', epoch: 3 };
const definitions = new Map(workflowDefinitions.map((each) => [each.kind, each]));
const convert = (row: FirstFormatRow) => toCurrentFormat(row, firstFormat, lease);

test('the rows are of every kind that the first format had', () => {
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(
    new Set(Object.keys(firstFormat.stepNames)),
  );
});

test.each(rows)('$kind, $state at $cursor, goes on at the step of that cursor', (row) => {
  const opened = openRow(convert(row), definitions);
  if ('problem' in opened) throw new Error(opened.problem.message);
  const { workflow, steps } = opened.work;
  const isForward = row.state === 'running';
  const names = firstFormat.stepNames[row.kind] ?? [];
  expect(workflow).toMatchObject({
    id: row.id,
    lanes: row.lanes,
    sequence: row.sequence,
    input: row.input,
    state: row.state,
    version: 1,
    step: names[isForward ? row.cursor : row.cursor - 1],
    owner: 'a-server',
    epoch: 3,
  });
  expect(steps.map(({ name }) => name)).toContain(workflow.step);
  expect(workflow.failure?.message).toBe(row.failure);
  for (const gone of ['cursor', 'attempts']) expect(workflow).not.toHaveProperty(gone);
});

test('only the failure that the first format marked in its text has a code', () => {
  const codes = rows.flatMap((row) => convert(row).failure?.code ?? []);
  expect(new Set(codes)).toEqual(new Set(['InternalError', failureCodes.noCapacity]));
});

test('a row that no step explains is parked', () => {
  const [row] = rows;
  if (!row) throw new Error('there are rows');
  const odd = [
    { ...row, cursor: 99 },
    { ...row, kind: 'of-yesterday' },
    { ...row, input: { volumeId: 'vol-x' } },
  ];
  expect(odd.map((each) => 'problem' in openRow(convert(each), definitions))).toEqual([
    true,
    true,
    true,
  ]);
});

test('a row of today stays as it is', () => {
  const [row] = rows;
  if (!row) throw new Error('there are rows');
  const today = convert(row);
  expect(toCurrentFormat(today, firstFormat, { holder: 'another', epoch: 9 })).toBe(today);
});
