import { isJsonObject, type JsonObject } from './json-object.ts';
import { QmpProtocolError } from './qmp-errors.ts';

/** An event of QEMU, as described in its "QMP Reference Manual". */
export interface QmpEvent {
  readonly event: string;
  readonly data: JsonObject;
  /** By QEMU's clock. */
  readonly timestampMs: number;
}

export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  | { readonly kind: 'return'; readonly id: unknown; readonly value: unknown }
  | {
      readonly kind: 'error';
      readonly id: unknown;
      readonly class: string;
      readonly desc: string;
    }
  | ({ readonly kind: 'event' } & QmpEvent);

/** One line from QEMU ("QMP Protocol Specification", sections 2.2 to 2.5); throws QmpProtocolError. */
export function parseQmpMessage(line: string): QmpMessage {
  const message = parseObject(line);
  if ('event' in message) return eventIn(message);
  if ('return' in message) return { kind: 'return', id: message.id, value: message.return };
  if ('error' in message) return errorIn(message);
  if ('QMP' in message) return { kind: 'greeting', version: versionIn(message.QMP) };
  throw malformed('is of no known kind', line);
}

function parseObject(line: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw malformed('is not JSON', line);
  }
  if (!isJsonObject(value)) throw malformed('is not an object', line);
  return value;
}

function eventIn(message: JsonObject): QmpMessage {
  const { event, data = {}, timestamp } = message;
  if (typeof event !== 'string' || !isJsonObject(data) || !isJsonObject(timestamp)) {
    throw malformed('is a malformed event', JSON.stringify(message));
  }
  const timestampMs =
    numberOr0(timestamp.seconds) * 1000 + numberOr0(timestamp.microseconds) / 1000;
  return { kind: 'event', event, data, timestampMs };
}

function errorIn(message: JsonObject): QmpMessage {
  const failure = message.error;
  if (!isJsonObject(failure)) throw malformed('is a malformed error', JSON.stringify(message));
  const { class: kind, desc } = failure;
  if (typeof kind !== 'string' || typeof desc !== 'string') {
    throw malformed('is a malformed error', JSON.stringify(message));
  }
  return { kind: 'error', id: message.id, class: kind, desc };
}

function versionIn(greeting: unknown): string {
  const version = isJsonObject(greeting) ? greeting.version : undefined;
  const qemu = isJsonObject(version) ? version.qemu : undefined;
  if (!isJsonObject(qemu)) throw malformed('is a malformed greeting', JSON.stringify(greeting));
  return [qemu.major, qemu.minor, qemu.micro].map(numberOr0).join('.');
}

function numberOr0(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

function malformed(how: string, text: string): QmpProtocolError {
  return new QmpProtocolError(`a QMP message ${how}: ${JSON.stringify(text.slice(0, 80))}`);
}
