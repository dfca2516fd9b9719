import { expect, test } from 'vitest';
import { debianSources, sourceLine } from './apt-sources.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

test('takes all suites of a deb822 stanza', () => {
  const text = `Types: deb\n# a comment\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: ${keyring}\n\nTypes: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main contrib\n`;
  expect(
    debianSources([{ path: '/etc/apt/sources.list.d/debian.sources', text }], 'bookworm'),
  ).toEqual([
    { uri: 'http://mirror.example/debian', suite: 'bookworm', signedBy: keyring },
    { uri: 'http://mirror.example/debian', suite: 'bookworm-updates', signedBy: keyring },
    { uri: 'http://mirror.example/debian-security', suite: 'bookworm-security' },
  ]);
});

test('takes one-line entries with and without options', () => {
  const text = `# deb http://old.example/debian bookworm main\ndeb [arch=amd64 signed-by=${keyring}] https://a.example/debian bookworm main non-free\ndeb-src https://a.example/debian bookworm main\n`;
  expect(debianSources([{ path: '/etc/apt/sources.list', text }], 'bookworm')).toEqual([
    { uri: 'https://a.example/debian', suite: 'bookworm', signedBy: keyring },
  ]);
});

test.each([
  ['another vendor with a suite of the same name', 'deb https://apt.vendor.example bookworm main'],
  ['another component', 'deb https://vendor.example/linux/debian bookworm stable'],
  ['another suite', 'deb http://deb.debian.org/debian trixie main'],
  ['only updates', 'deb http://a.example/debian bookworm-updates main'],
])('falls back to Debian for %s', (_case, text) => {
  const sources = debianSources([{ path: '/etc/apt/sources.list', text }], 'bookworm');
  expect(sources.map((source) => source.suite)).toEqual([
    'bookworm',
    'bookworm-updates',
    'bookworm-security',
  ]);
  expect(sources.every((source) => source.uri.startsWith('http://deb.debian.org/'))).toBe(true);
});

test('ignores a disabled stanza', () => {
  const text =
    'Types: deb\nEnabled: no\nURIs: http://a.example/debian\nSuites: bookworm\nComponents: main';
  const [first] = debianSources([{ path: 'x.sources', text }], 'bookworm');
  expect(first?.uri).toBe('http://deb.debian.org/debian');
});

test('lists each repository once', () => {
  const text =
    'deb http://a.example/debian bookworm main\ndeb http://a.example/debian bookworm main';
  expect(debianSources([{ path: 'a.list', text }], 'bookworm')).toHaveLength(1);
});

test('writes lines that apt reads', () => {
  const source = { uri: 'http://a.example/debian', suite: 'bookworm' };
  expect(sourceLine(source)).toBe('deb http://a.example/debian bookworm main');
  expect(sourceLine({ ...source, signedBy: keyring })).toBe(
    `deb [signed-by=${keyring}] http://a.example/debian bookworm main`,
  );
});
