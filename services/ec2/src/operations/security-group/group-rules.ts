import {
  apiError,
  type MetadataReader,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@bakehouse/domain';
import { checkId, notFound } from '../../lookup/lookups.ts';

type Direction = SecurityGroupRule['direction'];

export interface GroupRules {
  readonly group: SecurityGroup;
  /** Absent: rules of both directions. */
  readonly direction?: Direction;
}

/** The named rules, each once; one that is not this group's, or of the other direction, is not found. */
export async function rulesById(
  reader: MetadataReader,
  { group, direction }: GroupRules,
  ids: readonly string[],
): Promise<readonly SecurityGroupRule[]> {
  for (const id of ids) checkId('securityGroupRule', id);
  const rules: SecurityGroupRule[] = [];
  for (const id of ids) {
    const rule = await reader.get('securityGroupRule', id);
    const isOther = direction !== undefined && rule?.direction !== direction;
    if (rule?.groupId !== group.id || isOther) throw notFound('securityGroupRule', id);
    if (rules.some((each) => each.id === id)) {
      throw apiError('InvalidParameterValue', {
        message: `The security group rule ID '${id}' must not appear multiple times`,
      });
    }
    rules.push(rule);
  }
  return rules;
}
