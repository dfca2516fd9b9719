import { describe, expect, it } from 'vitest';
import { parsePpm } from './ppm.ts';

const ppm = (head: string, ...pixels: number[]) =>
  Buffer.concat([Buffer.from(head), Buffer.from(pixels)]);

describe('a PPM picture', () => {
  it('is parsed, also when its pixels look like text', () => {
    expect(parsePpm(ppm('P6\n2 1\n255\n', 10, 32, 35, 1, 2, 3))).toEqual({
      width: 2,
      height: 1,
      data: new Uint8Array([10, 32, 35, 255, 1, 2, 3, 255]),
    });
  });

  it.each([
    ['empty', ppm('')],
    ['of another kind', ppm('P5\n1 1\n255\n', 0)],
    ['of another depth', ppm('P6\n1 1\n65535\n', 0, 0, 0, 0, 0, 0)],
    ['cut short', ppm('P6\n2 1\n255\n', 1, 2, 3)],
    ['followed by more', ppm('P6\n1 1\n255\n', 1, 2, 3, 4)],
    ['of absurd size', ppm('P6\n999999 999999\n255\n')],
  ])('that is %s is refused', (_what, bytes) => {
    expect(() => parsePpm(bytes)).toThrow(RangeError);
  });
});
