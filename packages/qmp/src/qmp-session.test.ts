import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QmpClosedError, QmpError, QmpProtocolError, QmpTimeoutError } from './qmp-errors.ts';
import { QmpSession } from './qmp-session.ts';

const greeting =
  '{"QMP":{"version":{"qemu":{"micro":22,"minor":2,"major":7}},"capabilities":["oob"]}}';

function openSession(lineBytesMax = 1024) {
  const written: string[] = [];
  const session = new QmpSession(
    { write: (line) => written.push(line), destroy: () => written.push('destroyed') },
    { name: 's', lineBytesMax },
  );
  const receive = (...lines: string[]) =>
    session.receive(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  return { session, written, receive };
}

describe('a QMP session', () => {
  it('has the version of the greeting', async () => {
    const { session, receive } = openSession();
    receive(greeting);
    expect(await session.greeting).toBe('7.2.22');
  });

  it('matches responses to commands by id, whatever their order', async () => {
    const { session, receive, written } = openSession();
    const first = session.execute('query-status', undefined, 1000);
    const second = session.execute('device_del', { id: 'd' }, 1000);
    expect(written.map((line) => JSON.parse(line))).toEqual([
      { execute: 'query-status', id: 's:1' },
      { execute: 'device_del', arguments: { id: 'd' }, id: 's:2' },
    ]);
    receive(
      '{"id":"s:2","error":{"class":"DeviceNotFound","desc":"no d"}}',
      '{"return":7,"id":"s:1"}',
    );
    await expect(second).rejects.toThrow(
      new QmpError({ command: 'device_del', class: 'DeviceNotFound', desc: 'no d' }),
    );
    expect(await first).toBe(7);
  });

  it('gives up waiting at the time limit and recognizes the late response', async () => {
    const { session, receive } = openSession();
    await expect(session.execute('stop', undefined, 1)).rejects.toBeInstanceOf(QmpTimeoutError);
    receive('{"return":{},"id":"s:1"}');
    const next = session.execute('cont', undefined, 1000);
    receive('{"return":"on","id":"s:2"}');
    expect(await next).toBe('on');
  });

  it('passes over responses to an earlier client of the monitor', async () => {
    const { session, receive } = openSession();
    receive('{"return":1,"id":"earlier:1"}', '{"id":"e:1","error":{"class":"X","desc":"x"}}');
    const status = session.execute('query-status', undefined, 1000);
    receive('{"return":2,"id":"earlier:1"}', '{"return":3,"id":"s:1"}');
    expect(await status).toBe(3);
  });

  it('keeps events for the first listener', () => {
    const { session, receive } = openSession();
    const line = '{"timestamp":{"seconds":2,"microseconds":5000},"event":"STOP"}';
    receive(line);
    const heard: unknown[] = [];
    const stop = session.onEvent((event) => heard.push(event));
    receive(line);
    stop();
    receive(line);
    const event = { event: 'STOP', data: {}, timestampMs: 2005 };
    expect(heard).toEqual([event, event]);
  });

  it('rejects commands in flight and later ones when it ends', async () => {
    const { session } = openSession();
    const inFlight = session.execute('cont', undefined, 1000);
    session.end(undefined);
    await expect(inFlight).rejects.toBeInstanceOf(QmpClosedError);
    await expect(session.execute('cont', undefined, 1000)).rejects.toBeInstanceOf(QmpClosedError);
    expect(await session.closed).toBeUndefined();
  });

  it.each([
    ['not JSON', 'hello'],
    ['an array', '[]'],
    ['an object of no kind', '{"a":1}'],
    ['a response to nothing that was sent', '{"return":{},"id":"s:9"}'],
    ['a response to a number', '{"return":{},"id":9}'],
    ['a response without id', '{"error":{"class":"GenericError","desc":"x"}}'],
    ['a malformed error', '{"error":"x","id":"s:1"}'],
    ['a malformed event', '{"event":1}'],
    ['a malformed greeting', '{"QMP":[]}'],
    ['an endless line', `"${'x'.repeat(2000)}`],
    ['an empty line', ''],
  ])('ends on %s', async (_name, line) => {
    const { session, receive, written } = openSession();
    receive(line);
    expect(await session.closed).toBeInstanceOf(QmpProtocolError);
    expect(written).toContain('destroyed');
  });

  it('understands the same lines however the stream is cut', async () => {
    const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 8 });
    const cuts = fc.array(fc.nat(2000), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(texts, cuts, async (values, places) => {
        const { session } = openSession();
        const responses = values.map(() => session.execute('echo', undefined, 10_000));
        const lines = values.map((value, at) =>
          JSON.stringify({ return: value, id: `s:${at + 1}` }),
        );
        const stream = Buffer.from([greeting, ...lines].map((line) => `${line}\n`).join(''));
        const ends = [...places.map((place) => place % stream.length), stream.length];
        let start = 0;
        for (const end of ends.sort((a, b) => a - b)) {
          session.receive(stream.subarray(start, end));
          start = end;
        }
        expect(await Promise.all(responses)).toEqual(values);
      }),
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (pieces) => {
        const { session } = openSession();
        for (const piece of pieces) session.receive(piece);
      }),
    );
  });
});
