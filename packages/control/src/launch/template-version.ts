import {
  apiError,
  type LaunchTemplate,
  type LaunchTemplateVersion,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '../context.ts';

export interface TemplateReference {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
  /** A number, `$Default` (also when absent) or `$Latest`. */
  readonly Version?: string | undefined;
}

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** The caller's template by id or name, or EC2's refusal. */
export async function findTemplate(
  reader: MetadataReader,
  scope: Scope,
  reference: TemplateReference,
): Promise<LaunchTemplate> {
  const { LaunchTemplateId: id, LaunchTemplateName: name = '' } = reference;
  if (id !== undefined) {
    if (!/^lt-[0-9a-f]{8,17}$/.test(id)) {
      throw apiError('InvalidLaunchTemplateId.Malformed', {
        message: `The specified launch template ID '${id}' is malformed.`,
      });
    }
    const found = await reader.get('launchTemplate', id);
    if (found?.ownerId === scope.accountId && found.region === scope.region) return found;
    throw apiError('InvalidLaunchTemplateId.NotFound', { id });
  }
  const where = { name: [name], owner: [scope.accountId] };
  const [found] = await reader.list('launchTemplate', { region: scope.region, where });
  if (found) return found;
  throw apiError('InvalidLaunchTemplateName.NotFoundException', {
    message: `The specified launch template, with template name ${name}, does not exist.`,
  });
}

export function versionNumber(template: LaunchTemplate, version: string | undefined): number {
  if (version === undefined || version === '' || version === '$Default') {
    return template.defaultVersion;
  }
  if (version === '$Latest') return template.latestVersion;
  return Number(version);
}

/** The version that a reference means. */
export async function findTemplateVersion(
  reader: MetadataReader,
  scope: Scope,
  reference: TemplateReference,
): Promise<LaunchTemplateVersion> {
  const template = await findTemplate(reader, scope, reference);
  const number = versionNumber(template, reference.Version);
  const found = await reader.get('launchTemplateVersion', `${template.id}:${number}`);
  if (found) return found;
  throw apiError('InvalidLaunchTemplateId.VersionNotFound', {
    message: `Could not find launch template version ${reference.Version} for ${template.id}`,
  });
}
