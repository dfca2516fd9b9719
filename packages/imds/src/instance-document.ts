import type { InstanceMetadata } from '@bakehouse/domain';
import type { SignedIdentity } from './identity-document.ts';

/**
 * What is published for one instance, as JSON in `ADDRESS.json`: its metadata, and what only the platform can sign.
 * The agent outlives the control plane, so members are added and never renamed or removed.
 */
export interface InstanceDocument {
  readonly metadata: InstanceMetadata;
  readonly identity: SignedIdentity;
}

/** A published document that cannot be read. Its guest gets no replies until it is published again. */
export class DamagedDocumentError extends Error {
  override name = 'DamagedDocumentError';
}

const requiredTexts = ['instanceId', 'privateIp', 'httpTokens', 'httpEndpoint'];

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isDocument(value: unknown): value is InstanceDocument {
  if (!isObject(value) || !isObject(value.metadata) || !isObject(value.identity)) return false;
  const { metadata } = value;
  return (
    requiredTexts.every((name) => typeof metadata[name] === 'string') &&
    typeof metadata.httpPutResponseHopLimit === 'number'
  );
}

/** Parses a document, which a crash of the host may have cut short. */
export function parseInstanceDocument(text: string): InstanceDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text, which may be a guest's secret.
    throw new DamagedDocumentError('not JSON');
  }
  if (!isDocument(value)) throw new DamagedDocumentError('not an instance document');
  return value;
}
