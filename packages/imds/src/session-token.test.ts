import fc from 'fast-check';
import { expect, test } from 'vitest';
import { issueToken, tokenLifeMs, tokenTtlSeconds } from './session-token.ts';

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const instanceId = fc.stringMatching(/^i-[0-9a-f]{17}$/);
const owner = fc.record({ key, instanceId });
const now = fc.integer({ min: 0, max: 4e12 });
const ttlMs = fc.integer({ min: 1, max: tokenTtlSeconds.max * 1000 });

test('a token is valid for the requested time, for its own instance and key', () => {
  fc.assert(
    fc.property(owner, now, ttlMs, (mine, nowMs, life) => {
      const token = issueToken(mine, nowMs + life);
      expect(tokenLifeMs(mine, token, nowMs)).toBe(life);
      expect(tokenLifeMs(mine, token, nowMs + life - 1)).toBe(1);
      expect(tokenLifeMs(mine, token, nowMs + life)).toBeUndefined();
    }),
  );
});

test('no other instance and no other key accepts it', () => {
  fc.assert(
    fc.property(owner, owner, (mine, theirs) => {
      fc.pre(mine.instanceId !== theirs.instanceId);
      const token = issueToken(mine, 1000);
      expect(tokenLifeMs({ ...mine, instanceId: theirs.instanceId }, token, 0)).toBeUndefined();
      const isSameKey = Buffer.compare(mine.key, theirs.key) === 0;
      const life = tokenLifeMs({ ...mine, key: theirs.key }, token, 0);
      expect(life).toBe(isSameKey ? 1000 : undefined);
    }),
  );
});

test('changing any character invalidates it', () => {
  const mine = { key: new Uint8Array(32), instanceId: 'i-0aaaaaaaaaaaaaaa1' };
  const token = issueToken(mine, 1000);
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.string({ maxLength: 2 }), (at, other) => {
      const forged = token.slice(0, at) + other + token.slice(at + 1);
      fc.pre(forged !== token);
      expect(tokenLifeMs(mine, forged, 0)).toBeUndefined();
    }),
  );
  for (const around of [`${token} `, ` ${token}`, `${token}=`, `${token}\n`, token.repeat(2), '']) {
    expect(tokenLifeMs(mine, around, 0)).toBeUndefined();
  }
});

test('setting the clock back extends no token', () => {
  const mine = { key: new Uint8Array(32), instanceId: 'i-0aaaaaaaaaaaaaaa1' };
  const longest = tokenTtlSeconds.max * 1000;
  const token = issueToken(mine, 5000 + longest);
  expect(tokenLifeMs(mine, token, 5000)).toBe(longest);
  expect(tokenLifeMs(mine, token, 4999)).toBeUndefined();
});
