import { Socket } from 'node:net';
import { ConnectionLost } from './postgres-errors.ts';

type Judge = (reply: Buffer) => ConnectionLost | undefined;

/**
 * A socket that looks at the first bytes before the driver reads them. The driver loops for ever on some that are not
 * PostgreSQL's (a greeting of MySQL that begins like a notice), and waits for the rest of most others.
 */
export class JudgedSocket extends Socket {
  readonly #judge: Judge;
  #isJudged = false;

  /** A reply for which `judge` returns an error is not read: the socket ends with that error. */
  constructor(judge: Judge) {
    super();
    this.#judge = judge;
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (this.#isJudged || !Buffer.isBuffer(chunk)) return super.push(chunk, encoding);
    this.#isJudged = true;
    const unfit = this.#judge(chunk);
    if (!unfit) return super.push(chunk, encoding);
    this.destroy(unfit);
    return false;
  }
}

/** What the first byte of the content, after a letter and four bytes of length, can be. */
const contents: Readonly<Record<string, (byte: number) => boolean>> = {
  /** Asks for a password or lets in; a small number of four bytes says how. */
  R: (byte) => byte === 0,
  /** Names the version of the protocol by a number of four bytes. */
  v: (byte) => byte === 0,
  /** A notice: one of the fields that each has. */
  N: isFieldOfEach,
  /** An error likewise. */
  E: isFieldOfEach,
};

/** Severity (localized and not), code, message. */
function isFieldOfEach(byte: number): boolean {
  return ['S', 'V', 'C', 'M'].includes(String.fromCharCode(byte));
}

/** Messages of a new connection are short: the first byte of the length is 0. */
function isMessage(reply: Buffer): boolean {
  const isContent = contents[reply.toString('latin1', 0, 1)];
  const [, lengthByte = 0, , , , content] = reply;
  return (
    isContent !== undefined && lengthByte === 0 && (content === undefined || isContent(content))
  );
}

/**
 * What the first bytes of a new connection mean when no session can follow from them; undefined for those of PostgreSQL.
 * Manual, protocol: "SSL Session Encryption" (one letter replies to the request for TLS), "Message Formats", "Error and
 * Notice Message Fields". A server that cannot start a process for the connection sends "E" and a text without a length.
 */
export function unfitReply(reply: Buffer, isTlsAsked: boolean): ConnectionLost | undefined {
  const text = reply.toString('latin1');
  const isError = text.startsWith('E');
  if (isTlsAsked) {
    if (text === 'S') return undefined;
    if (text === 'N')
      return new ConnectionLost('the server does not offer TLS', { code: 'NO_TLS' });
    if (isError)
      return new ConnectionLost('the server refuses before TLS begins', { code: 'CUT_OFF' });
  } else if (isMessage(reply) || (isError && reply[1] !== 0)) return undefined;
  return new ConnectionLost('what listens there does not speak as PostgreSQL does', {
    code: 'NOT_POSTGRES',
  });
}
