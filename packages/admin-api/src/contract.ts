import type * as v from 'valibot';
import { accountCalls } from './calls/accounts.ts';
import { bakeCalls } from './calls/bakes.ts';
import { instanceCalls } from './calls/instances.ts';
import { platformCalls } from './calls/platform.ts';
import { storageCalls } from './calls/storage.ts';
import type { MemberSchema } from './schema.ts';

/**
 * The version of the whole contract; the client sends it with every call, and a server of another version refuses.
 * It grows when something that a client of before sends or expects would be misunderstood. A new call, a new optional
 * member of an input and a new member of a result need no new version: clients ignore members that they do not know.
 */
export const adminApiVersion = 2;

export interface CallSchemas {
  /** Strict: a member that the server does not know is refused, never ignored. */
  readonly input: MemberSchema;
  /** Absent for calls without progress. */
  readonly progress?: MemberSchema;
  /** Members that it does not name are dropped. */
  readonly result: MemberSchema;
}

/** The operator's calls. Server and clients share this table: docs/admin-api.md. */
export const adminCalls = {
  ...accountCalls,
  ...bakeCalls,
  ...instanceCalls,
  ...platformCalls,
  ...storageCalls,
} satisfies Readonly<Record<string, CallSchemas>>;

type Calls = typeof adminCalls;
export type AdminCallName = keyof Calls;

export type AdminInput<Name extends AdminCallName> = v.InferOutput<Calls[Name]['input']>;
export type AdminResult<Name extends AdminCallName> = v.InferOutput<Calls[Name]['result']>;
export type AdminProgress<Name extends AdminCallName> = Calls[Name] extends {
  readonly progress: infer Progress extends MemberSchema;
}
  ? v.InferOutput<Progress>
  : never;

export const isAdminCall = (name: string): name is AdminCallName => Object.hasOwn(adminCalls, name);
