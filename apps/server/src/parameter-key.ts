import { randomBytes } from 'node:crypto';
import type { Logger } from '@bakehouse/base';
import { type MetadataStore, parameterKeySetting } from '@bakehouse/domain';
import { readBytesIfExists, writeFileDurably } from '@bakehouse/host';
import {
  keyIdOf,
  missingKeyBox,
  type SecretBox,
  sealedBy,
  secretBox,
  wrongKeyBox,
} from '@bakehouse/ssm';
import { UsageError } from './config.ts';

const keyBytes = 32;

type Records = Pick<MetadataStore, 'read'>;

interface KeyPlace {
  readonly path: string;
  readonly metadata: Records & Pick<MetadataStore, 'write'>;
  readonly logger: Logger;
}

/** Where the key and the records are, to read them only. */
interface KeyLook {
  readonly path: string;
  readonly metadata: Records;
}

/** What the setting `parameter-key` has (docs/formats/metadata-database.md). */
interface KeyNote {
  readonly keyId: string;
}

/** The ids of the keys of the SecureStrings that exist. */
async function keysInUse(metadata: Records): Promise<ReadonlySet<string>> {
  const parameters = await metadata.read((reader) => reader.list('parameter'));
  const secure = parameters.filter(({ content }) => content.type === 'SecureString');
  return new Set(secure.map(({ content }) => sealedBy(content.value)));
}

async function makeKey(path: string): Promise<Uint8Array> {
  const made = randomBytes(keyBytes);
  await writeFileDurably(path, made);
  return made;
}

function checkLength(path: string, key: Uint8Array): Uint8Array {
  if (key.length === keyBytes) return key;
  throw new UsageError(
    `${path} must have ${keyBytes} bytes and has ${key.length}; put back the file from a backup, for it encrypts the SecureStrings of this platform`,
  );
}

async function notedKey(metadata: Records): Promise<string | undefined> {
  const setting = await metadata.read((reader) => reader.get('setting', parameterKeySetting));
  return (setting?.value as KeyNote | undefined)?.keyId;
}

async function note(metadata: KeyPlace['metadata'], keyId: string): Promise<void> {
  const value: KeyNote = { keyId };
  await metadata.write((tx) => tx.put('setting', { id: parameterKeySetting, value }));
}

/**
 * How the key file fits the SecureStrings. `none`: there is neither. `mixed`: the file is the platform's key, and some
 * values have others. `missing` and `wrong`: nothing is sealed or opened; `needed` names the right key, or the keys.
 */
type KeyState =
  | { readonly kind: 'none' }
  | { readonly kind: 'right'; readonly key: Uint8Array; readonly keyId: string }
  | {
      readonly kind: 'mixed';
      readonly key: Uint8Array;
      readonly keyId: string;
      readonly others: string;
    }
  | { readonly kind: 'missing'; readonly needed: string }
  | { readonly kind: 'wrong'; readonly keyId: string; readonly needed: string };

/** Reads the file and the records, and changes nothing. Rejects with UsageError for a file that can be no key. */
async function judgeKey(place: KeyLook): Promise<KeyState> {
  const { path, metadata } = place;
  const known = await readBytesIfExists(path);
  const keys = await keysInUse(metadata);
  if (known === undefined) {
    return keys.size === 0 ? { kind: 'none' } : { kind: 'missing', needed: [...keys].join(', ') };
  }
  const key = checkLength(path, known);
  const keyId = keyIdOf(key);
  const others = [...keys].filter((each) => each !== keyId).join(', ');
  if (others === '') return { kind: 'right', key, keyId };
  const noted = await notedKey(metadata);
  // Versions before the note sealed with whatever key was there: each value is opened by its own.
  return noted === keyId || (noted === undefined && keys.has(keyId))
    ? { kind: 'mixed', key, keyId, others }
    : { kind: 'wrong', keyId, needed: noted ?? others };
}

/** Something wrong with the key file, and the way out, for people. */
interface KeyProblem {
  readonly problem: string;
  readonly remedy: string;
}

const lost = 'if it is lost, delete every SecureString first, and the next start';

function problemOf(path: string, state: KeyState): KeyProblem | undefined {
  switch (state.kind) {
    case 'mixed':
      return {
        problem: `some SecureStrings have other keys (${state.others}) than ${path} (${state.keyId}) and cannot be read`,
        remedy: 'put their values again',
      };
    case 'missing':
      return {
        problem: `${path} is missing, so SecureStrings cannot be used; their key is ${state.needed}`,
        remedy: `put the file back from a backup and start the server again; ${lost} makes a new key`,
      };
    case 'wrong':
      return {
        problem: `${path} has the key ${state.keyId}, so SecureStrings cannot be used; their key is ${state.needed}`,
        remedy: `put the right file back from a backup and start the server again; ${lost} takes the key that is there`,
      };
    default:
      return undefined;
  }
}

/** What is wrong with the key file of the records; undefined when nothing is. Rejects as `openSecretBox`. */
export async function findKeyProblem(place: KeyLook): Promise<KeyProblem | undefined> {
  return problemOf(place.path, await judgeKey(place));
}

async function boxFor({ path, metadata }: KeyPlace, state: KeyState): Promise<SecretBox> {
  switch (state.kind) {
    case 'missing':
      return missingKeyBox(path);
    case 'wrong':
      return wrongKeyBox(path, state.needed);
    case 'mixed':
      return secretBox(state.key);
    case 'none':
    case 'right': {
      const key = state.kind === 'none' ? await makeKey(path) : state.key;
      const keyId = keyIdOf(key);
      if ((await notedKey(metadata)) !== keyId) await note(metadata, keyId);
      return secretBox(key);
    }
  }
}

export interface PlatformSecrets extends SecretBox {
  /** What keeps SecureStrings from being used, with the way out. */
  readonly problem?: string;
}

/**
 * What encrypts the platform's SecureStrings. The records name its key. One is made only while there
 * are none: where they have lost theirs, another would divide them into two halves, of which no key opens both, so then
 * nothing is sealed or opened.
 */
export async function openSecretBox(place: KeyPlace): Promise<PlatformSecrets> {
  const { path, logger } = place;
  const state = await judgeKey(place);
  const box = await boxFor(place, state);
  const found = problemOf(path, state);
  if (!found) return box;
  const problem = `${found.problem}: ${found.remedy}`;
  logger.log('error', problem, { path });
  return { ...box, problem };
}
