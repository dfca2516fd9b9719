import { apiError, type Instance } from '@bakehouse/domain';

/** What a tag's key must be to have a path in the metadata tree ("Work with instance tags in metadata"). */
const pathPattern = /^(?!(?:\.{1,2}|_index)$)[0-9a-zA-Z\-_+=,.@:]{1,255}$/;

/** Refuses keys that an instance which shows its tags in its metadata could not show. */
export function checkMetadataKeys({
  tags,
  metadataOptions,
}: Pick<Instance, 'tags' | 'metadataOptions'>): void {
  if (metadataOptions.instanceMetadataTags !== 'enabled') return;
  const bad = Object.keys(tags).find((key) => !pathPattern.test(key));
  if (bad === undefined) return;
  throw apiError('InvalidParameterValue', {
    message: `'${bad}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index'), while the instance shows its tags in its metadata`,
  });
}
