/**
 * SHA-256's constants: the first 32 bits behind the point of the square roots of the first 8 primes, where the
 * state begins, and of the cube roots of the first 64, one for each round.
 */
const primes = firstPrimes(64);
export const initialState = primes.slice(0, 8).map((prime) => rootFraction(prime, 2n));
export const roundConstants = primes.map((prime) => rootFraction(prime, 3n));

function firstPrimes(count: number): readonly bigint[] {
  const found: bigint[] = [];
  for (let next = 2n; found.length < count; next += 1n) {
    if (found.every((prime) => next % prime !== 0n)) found.push(next);
  }
  return found;
}

/** By halving: the largest number whose power is not above prime × 2^(32 × power), without its whole part. */
function rootFraction(prime: bigint, power: bigint): number {
  const limit = prime << (32n * power);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** power <= limit) low = middle;
    else high = middle;
  }
  return Number(BigInt.asUintN(32, low));
}
