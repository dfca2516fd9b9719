import { setImmediate } from 'node:timers/promises';
import { MiB } from '@bakehouse/base';
import type { ReplyBody } from './message.ts';

/** A response of up to this size is written in one go, which takes some milliseconds. */
const wholeCharactersMax = MiB;
const sliceCharacters = MiB / 4;

/**
 * A body from its pieces. A long one becomes a stream, of which a slice is produced when the one
 * before has been sent, with other work of the process between two slices.
 */
export function replyBody(pieces: Iterator<string>): ReplyBody {
  let text = '';
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
    text += next.value;
    if (text.length > wholeCharactersMax) return slices(text, pieces);
  }
  return text;
}

async function* slices(first: string, pieces: Iterator<string>): AsyncGenerator<string> {
  yield first;
  let text = '';
  for (let next = pieces.next(); next.done !== true; next = pieces.next()) {
    text += next.value;
    if (text.length < sliceCharacters) continue;
    await setImmediate();
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}
