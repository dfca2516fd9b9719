import { expect, test } from 'vitest';
import { fetchOptions } from './apt-options.ts';

test('keeps proxies and date checks and nothing else', () => {
  const dump = [
    'APT "";',
    'Acquire "";',
    'Acquire::Check-Valid-Until "false";',
    'Acquire::http::Proxy "http://proxy.example:3128";',
    'Acquire::http::Proxy::mirror.example "DIRECT";',
    'Acquire::Languages:: "none";',
    'DPkg::Post-Invoke:: "rm -rf /var/cache";',
    'Dir::Cache::pkgcache "";',
  ].join('\n');
  expect(fetchOptions(dump)).toBe(
    'Acquire::Check-Valid-Until "false";\n' +
      'Acquire::http::Proxy "http://proxy.example:3128";\n' +
      'Acquire::http::Proxy::mirror.example "DIRECT";\n',
  );
});
