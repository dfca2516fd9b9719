import type { InstanceMetadata } from '@bakehouse/domain';
import { lookUpMetadata } from './metadata-tree.ts';
import { issueToken, isTokenValid, tokenTtlSeconds } from './session-token.ts';
import { metadataVersions } from './versions.ts';

/** What is published for one instance: the facts, and what only the platform can sign. */
export interface InstanceDocument {
  readonly metadata: InstanceMetadata;
  readonly identity: {
    readonly document: string;
    readonly signature: string;
    readonly pkcs7: string;
    readonly rsa2048: string;
  };
}

export interface MetadataRequest {
  readonly method: string;
  readonly target: string;
  header(name: string): string | undefined;
}

export interface MetadataReply {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AnswerOptions {
  readonly tokenKey: Uint8Array;
  readonly nowMs: number;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
};

/** EC2's error page. */
function errorReply(status: number): MetadataReply {
  const title = `${status} - ${titles[status]}`;
  return {
    status,
    contentType: 'text/html',
    body: `<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"\n\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n </body>\n</html>\n`,
  };
}

const text = (body: string | undefined): MetadataReply =>
  body === undefined ? errorReply(404) : { status: 200, contentType: 'text/plain', body };

const targetBytesMax = 1024;

/** The names in a path; undefined for one that plays tricks. A trailing slash says nothing. */
export function pathNames(target: string): readonly string[] | undefined {
  if (target.length > targetBytesMax || !target.startsWith('/')) return undefined;
  const path = target.split('?', 1)[0] ?? '';
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (/%2f/i.test(path) || decoded.includes('\0')) return undefined;
  const names = decoded.split('/').slice(1);
  if (names.at(-1) === '') names.pop();
  return names.some((name) => name === '' || name === '.' || name === '..') ? undefined : names;
}

function issue(
  document: InstanceDocument,
  request: MetadataRequest,
  { tokenKey, nowMs }: AnswerOptions,
): MetadataReply {
  if (request.header('x-forwarded-for') !== undefined) return errorReply(403);
  const ttl = request.header('x-aws-ec2-metadata-token-ttl-seconds') ?? '';
  const seconds = Number(ttl);
  const { min, max } = tokenTtlSeconds;
  if (!/^\d{1,5}$/.test(ttl) || seconds < min || seconds > max) return errorReply(400);
  const body = issueToken(tokenKey, document.metadata.instanceId, nowMs + seconds * 1000);
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': ttl };
  return { status: 200, contentType: 'text/plain', body, headers };
}

function isAuthorized(
  document: InstanceDocument,
  request: MetadataRequest,
  { tokenKey, nowMs }: AnswerOptions,
): boolean {
  const token = request.header('x-aws-ec2-metadata-token');
  const { httpTokens, instanceId } = document.metadata;
  if (token === undefined) return httpTokens === 'optional';
  return isTokenValid(token, { key: tokenKey, instanceId, nowMs });
}

const dynamicListing = 'instance-identity/';

function lookUpDynamic({ identity }: InstanceDocument, path: readonly string[]): MetadataReply {
  const [folder, name, ...rest] = path;
  if (folder === undefined) return text(dynamicListing);
  if (folder !== 'instance-identity' || rest.length > 0) return errorReply(404);
  if (name === undefined) return text(Object.keys(identity).join('\n'));
  const found = Object.entries(identity).find(([key]) => key === name);
  return text(found?.[1]);
}

function lookUp(document: InstanceDocument, names: readonly string[]): MetadataReply {
  const [version, folder, ...path] = names;
  const { metadata } = document;
  if (version === undefined) return text(metadataVersions.join('\n'));
  if (!metadataVersions.some((each) => each === version)) return errorReply(404);
  const userData = metadata.userDataBase64;
  if (folder === undefined) {
    return text(['dynamic', 'meta-data', ...(userData ? ['user-data'] : [])].join('\n'));
  }
  if (folder === 'meta-data') return text(lookUpMetadata(metadata, path));
  if (folder === 'dynamic') return lookUpDynamic(document, path);
  if (folder !== 'user-data' || path.length > 0 || !userData) return errorReply(404);
  const body = Buffer.from(userData, 'base64');
  return { status: 200, contentType: 'application/octet-stream', body };
}

/** Answers one request of the guest whose document it is ("Instance metadata service", v1 and v2). */
export function answerRequest(
  document: InstanceDocument,
  request: MetadataRequest,
  options: AnswerOptions,
): MetadataReply {
  if (document.metadata.httpEndpoint === 'disabled') return errorReply(403);
  const names = pathNames(request.target);
  if (names === undefined) return errorReply(400);
  const isToken = names.join('/') === 'latest/api/token';
  if (request.method === 'PUT') {
    return isToken ? issue(document, request, options) : errorReply(405);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return errorReply(405);
  if (isToken) return errorReply(405);
  if (!isAuthorized(document, request, options)) return errorReply(401);
  return lookUp(document, names);
}
