import type { InstanceMetadata } from '@bakehouse/domain';
import type { InstanceDocument } from './instance-document.ts';
import { folderOf, listFolder, lookUp, type MetadataFolder } from './metadata-folder.ts';
import { type MetadataReply, statusReply, textReply } from './metadata-reply.ts';
import { lookUpMetadata } from './metadata-tree.ts';
import { pathNames } from './request-path.ts';
import { issueToken, tokenLifeMs, tokenTtlSeconds } from './session-token.ts';
import { hasCategory, isMetadataVersion, metadataVersions } from './versions.ts';

export interface MetadataRequest {
  readonly method: string;
  readonly target: string;
  /** By its name in lower case. A header that was sent twice is both values, joined. */
  header(name: string): string | undefined;
}

export interface AnswerOptions {
  readonly tokenKey: Uint8Array;
  readonly nowMs: number;
}

const ttlHeader = 'x-aws-ec2-metadata-token-ttl-seconds';
const tokenHeader = 'x-aws-ec2-metadata-token';

const textOr404 = (body: string | undefined) =>
  body === undefined ? statusReply(404) : textReply(body);

function issue(
  { instanceId }: InstanceMetadata,
  request: MetadataRequest,
  { tokenKey, nowMs }: AnswerOptions,
): MetadataReply {
  // A request through an open proxy is not from the instance.
  if (request.header('x-forwarded-for') !== undefined) return statusReply(403);
  const ttl = request.header(ttlHeader) ?? '';
  const seconds = Number(ttl);
  const { min, max } = tokenTtlSeconds;
  if (!/^\d{1,5}$/.test(ttl) || seconds < min || seconds > max) return statusReply(400);
  const token = issueToken({ key: tokenKey, instanceId }, nowMs + seconds * 1000);
  return { ...textReply(token), headers: { [ttlHeader]: String(seconds) } };
}

/** Tokens are issued only at `/latest/api/token`: EC2 forbids other versions, and has no other PUT. */
function answerPut(
  metadata: InstanceMetadata,
  names: readonly string[],
  parts: { readonly request: MetadataRequest; readonly options: AnswerOptions },
): MetadataReply {
  const [version = '', ...rest] = names;
  if (rest.join('/') !== 'api/token') return notAllowed('GET, HEAD');
  if (version === 'latest') return issue(metadata, parts.request, parts.options);
  return statusReply(isMetadataVersion(version) ? 403 : 404);
}

const notAllowed = (allow: string) => statusReply(405, { allow });

function dynamicFolder({ metadata, identity }: InstanceDocument): MetadataFolder {
  const { document, pkcs7, rsa2048, signature } = identity;
  const monitoring = metadata.monitoring;
  return folderOf('latest', {
    fws: ['2009-04-04', monitoring && { 'instance-monitoring': monitoring }],
    'instance-identity': ['2009-04-04', { document, pkcs7, rsa2048, signature }],
  });
}

function lookUpDynamic(document: InstanceDocument, path: readonly string[]): MetadataReply {
  const found = lookUp(dynamicFolder(document), path);
  return textOr404(typeof found === 'object' ? listFolder(found) : found);
}

function answerGet(document: InstanceDocument, names: readonly string[]): MetadataReply {
  const [version, branch, ...path] = names;
  const { metadata } = document;
  if (version === undefined) return textReply(metadataVersions.join('\n'));
  if (!isMetadataVersion(version)) return statusReply(404);
  const userData = metadata.userDataBase64;
  const hasDynamic = hasCategory(version, '2009-04-04');
  if (branch === undefined) {
    const last = userData ? ['user-data'] : [];
    return textReply([...(hasDynamic ? ['dynamic'] : []), 'meta-data', ...last].join('\n'));
  }
  if (branch === 'meta-data') return textOr404(lookUpMetadata(metadata, version, path));
  if (branch === 'dynamic' && hasDynamic) return lookUpDynamic(document, path);
  if (branch !== 'user-data' || path.length > 0 || !userData) return statusReply(404);
  const body = Buffer.from(userData, 'base64');
  return { status: 200, contentType: 'application/octet-stream', body };
}

/** How long the token in a request is still valid: `none` without a token, undefined for one that is not valid. */
function tokenOf(
  { instanceId }: InstanceMetadata,
  request: MetadataRequest,
  { tokenKey, nowMs }: AnswerOptions,
): number | 'none' | undefined {
  const token = request.header(tokenHeader);
  if (token === undefined) return 'none';
  return tokenLifeMs({ key: tokenKey, instanceId }, token, nowMs);
}

/** The reply to one request of the guest with this document ("Use the instance metadata service", v1 and v2). */
export function answerRequest(
  document: InstanceDocument,
  request: MetadataRequest,
  options: AnswerOptions,
): MetadataReply {
  const { metadata } = document;
  if (metadata.httpEndpoint === 'disabled') return statusReply(403);
  const names = pathNames(request.target);
  if (names === undefined) return statusReply(400);
  if (request.method === 'PUT') return answerPut(metadata, names, { request, options });
  const isToken = names.join('/') === 'latest/api/token';
  if (isToken) return notAllowed('PUT');
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed('GET, HEAD');
  const life = tokenOf(metadata, request, options);
  if (life === undefined) return statusReply(401);
  if (life === 'none') {
    return metadata.httpTokens === 'required' ? statusReply(401) : answerGet(document, names);
  }
  const reply = answerGet(document, names);
  return { ...reply, headers: { ...reply.headers, [ttlHeader]: String(Math.ceil(life / 1000)) } };
}
