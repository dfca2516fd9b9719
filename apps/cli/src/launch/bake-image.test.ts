import { expect, test } from 'vitest';
import { bakeStepReader } from './bake-image.ts';

test('a step is a stage and what it does; a report without a message is no new step', () => {
  const read = bakeStepReader();
  const step = (stage: string, fraction: number, message?: string) => {
    const id = 'bake-0123456789abcdef0';
    const progress = { type: 'progress', at: 0, id, stage, fraction } as const;
    return read({ ...progress, ...(message ? { message } : {}) });
  };
  expect(step('base system', 0)).toEqual({ step: 'base system', fraction: 0 });
  expect(step('base system', 0.1, 'downloading').step).toBe('base system: downloading');
  expect(step('base system', 0.5, 'installing packages').step).toBe(
    'base system: installing packages',
  );
  expect(step('base system', 1)).toEqual({
    step: 'base system: installing packages',
    fraction: 1,
  });
  expect(step('pack', 0).step).toBe('pack');
});
