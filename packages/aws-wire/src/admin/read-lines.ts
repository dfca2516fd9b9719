/**
 * Lines of a UTF-8 stream, without their line feed; empty ones are skipped. Throws when a line grows
 * beyond `charactersMax`. Leaving the loop early cancels the stream.
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  charactersMax: number,
): AsyncGenerator<string> {
  let rest = '';
  for await (const text of stream.pipeThrough(new TextDecoderStream('utf-8', { fatal: true }))) {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    yield* lines.filter((line) => line !== '');
    if (rest.length > charactersMax) throw new Error(`a line is longer than ${charactersMax}`);
  }
  if (rest !== '') yield rest;
}
