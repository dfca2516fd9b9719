import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { durationText } from './duration.ts';
import { progressLine, progressPrinter } from './progress.ts';
import { shellCommand, shellQuote } from './shell-quote.ts';
import { runStage } from './stage.ts';
import { bytesText, table } from './table.ts';
import type { Terminal } from './terminal.ts';

function scriptedTerminal(isInteractive: boolean) {
  const notes: string[] = [];
  const drawn: (string | undefined)[] = [];
  const terminal: Terminal = {
    isInteractive,
    print: (line) => void notes.push(line),
    drained: async () => {},
    note: (line) => void notes.push(line),
    transient: (line) => void (isInteractive && drawn.push(line)),
    style: (_, text) => text,
  };
  return { terminal, notes, drawn };
}

test('columns are as wide as their widest cell, lines end without blanks', () => {
  expect(table(['A', 'LONG', 'C'], [['wide', 'x', ''], ['y']])).toEqual([
    'A     LONG  C',
    'wide  x',
    'y',
  ]);
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [8 * 1024 ** 3, '8.0 GiB'],
  [5000 * 1024 ** 4, '5000 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [420, '0.4 s'],
  [9_940, '9.9 s'],
  [9_960, '10 s'],
  [59_600, '1 min 00 s'],
  [185_000, '3 min 05 s'],
])('%d ms are %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

test('a bar stays within its ends, whatever the fraction', () => {
  fc.assert(
    fc.property(fc.double({ min: -1, max: 2, noNaN: true }), (fraction) => {
      const bar = progressLine({ label: 'x', fraction }).split(' ')[0] ?? '';
      expect(bar).toMatch(/^█*░*$/);
      expect(bar).toHaveLength(24);
    }),
  );
});

test('without a terminal, progress is one line per label', () => {
  const { terminal, notes } = scriptedTerminal(false);
  const progress = progressPrinter(terminal);
  for (const fraction of [0, 0.5, 1]) progress.update({ label: 'reading', fraction });
  progress.update({ label: 'writing' });
  progress.end();
  expect(notes).toEqual(['reading …', 'writing …']);
});

test.each(['plain', 'a b', "it's", '', '$HOME', '--a=b', 'x;y', '/tmp/i-0.pem'])(
  'a quoted word is one word of a shell: %s',
  (word) => {
    const quoted = shellQuote(word);
    const unquoted = quoted.startsWith("'") ? quoted.slice(1, -1).replaceAll("'\\''", "'") : quoted;
    expect(unquoted).toBe(word);
    if (!quoted.startsWith("'")) expect(quoted).toMatch(/^[\w@%+=:,./-]+$/);
  },
);

test('a command line keeps its words apart', () => {
  expect(shellCommand(['ssh', '-i', '/my keys/a', 'x@y'])).toBe("ssh -i '/my keys/a' x@y");
});

test('a stage prints its name, detail and time, and returns the value', async () => {
  const { terminal, notes, drawn } = scriptedTerminal(true);
  const value = await runStage(terminal, 'image', async (update) => {
    update({ fraction: 0.5, note: 'half' });
    return { value: 7, detail: 'ami-1' };
  });
  expect(value).toBe(7);
  expect(notes).toEqual([expect.stringMatching(/^✓ image {6}ami-1 \(0\.\d s\)$/)]);
  expect(drawn.join('\n')).toContain('50 %  image half');
});

test('a stage that fails says which, and why', async () => {
  const { terminal, notes } = scriptedTerminal(false);
  const failing = runStage(terminal, 'server', async () => {
    throw new Error('no room');
  });
  await expect(failing).rejects.toThrow(/^the step 'server' failed after .+: no room$/);
  expect(notes).toEqual(['  server …', '✗ server']);
});

test('standard output is drained when its reader has taken all of it', async () => {
  const script = `
    import { processTerminal } from ${JSON.stringify(join(import.meta.dirname, 'terminal.ts'))};
    const terminal = processTerminal();
    for (let count = 0; count < 20_000; count++) terminal.print('x'.repeat(99));
    process.stderr.write(process.stdout.writableLength > 0 ? 'waiting ' : 'nothing waits ');
    await terminal.drained(new AbortController().signal);
    process.stderr.write(String(process.stdout.writableLength));`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script]);
  let words = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words += text;
    // Nothing is read before the child waits for it.
    child.stdout.resume();
  });
  await once(child, 'close');
  expect(words).toBe('waiting 0');
});
