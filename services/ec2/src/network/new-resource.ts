import type { Tags } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import { type TagSpecification, tagsFor } from '../request/tags.ts';

/** What a new resource of the caller has, with the tags that the request gives to it. */
export function newResource(
  { accountId: ownerId, region, now: createdAt }: OperationContext,
  type: string,
  specifications: readonly TagSpecification[] | undefined,
) {
  const tags: Tags = tagsFor(type, specifications, [type]);
  return { ownerId, region, createdAt, tags };
}
