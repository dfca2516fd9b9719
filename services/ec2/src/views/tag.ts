import type * as Ec2 from '@bakehouse/aws-model';

type TagView = NonNullable<Ec2.Ec2Output<'DescribeTags'>['Tags']>[number];

/** One tag of one resource. */
export interface TagRow {
  readonly key: string;
  readonly value: string;
  readonly resourceId: string;
  /** `security-group-rule`, `key-pair` … */
  readonly resourceType: string;
}

/** The official shape of a tag with its resource. */
export const tagRowView = ({ key, value, resourceId, resourceType }: TagRow): TagView => ({
  Key: key,
  ResourceId: resourceId,
  ResourceType: resourceType as NonNullable<TagView['ResourceType']>,
  Value: value,
});
