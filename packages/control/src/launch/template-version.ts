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

/** A template is named by its id or by its name, not by both. */
export function checkTemplateReference({
  LaunchTemplateId: id,
  LaunchTemplateName: name,
}: TemplateReference): void {
  if (!id && !name) {
    throw apiError('MissingParameter', {
      message: 'You must specify either a launch template ID or a launch template name.',
    });
  }
  if (!id || !name) return;
  throw apiError('InvalidParameterCombination', {
    message: 'You can specify either a launch template ID or a launch template name, but not both.',
  });
}

async function templateById(reader: MetadataReader, scope: Scope, id: string) {
  if (!/^lt-[0-9a-f]{8,17}$/.test(id)) {
    throw apiError('InvalidLaunchTemplateId.Malformed', {
      message: `The specified launch template ID '${id}' is malformed.`,
    });
  }
  const found = await reader.get('launchTemplate', id);
  if (found?.ownerId === scope.accountId && found.region === scope.region) return found;
  throw apiError('InvalidLaunchTemplateId.NotFound', { id });
}

async function templateByName(reader: MetadataReader, scope: Scope, name: string) {
  const where = { name: [name], owner: [scope.accountId] };
  const [found] = await reader.list('launchTemplate', { region: scope.region, where });
  if (found) return found;
  throw apiError('InvalidLaunchTemplateName.NotFoundException', {
    message: `The specified launch template, with template name ${name}, does not exist.`,
  });
}

/** The caller's template by id or name, or EC2's refusal. */
export async function findTemplate(
  reader: MetadataReader,
  scope: Scope,
  reference: TemplateReference,
): Promise<LaunchTemplate> {
  checkTemplateReference(reference);
  const { LaunchTemplateId: id, LaunchTemplateName: name = '' } = reference;
  if (id) return await templateById(reader, scope, id);
  return await templateByName(reader, scope, name);
}

/** The number that `$Default`, `$Latest` or a number in digits means for this template. */
export function versionNumber(template: LaunchTemplate, version: string | undefined): number {
  if (version === undefined || version === '' || version === '$Default') {
    return template.defaultVersion;
  }
  if (version === '$Latest') return template.latestVersion;
  if (/^[1-9]\d{0,14}$/.test(version)) return Number(version);
  throw apiError('InvalidParameterValue', {
    message: `Value (${version}) for parameter version is invalid. Expecting a version number, $Latest or $Default.`,
  });
}

/** The version of that number, or EC2's refusal. */
export async function versionByNumber(
  reader: MetadataReader,
  template: LaunchTemplate,
  number: number,
): Promise<LaunchTemplateVersion> {
  const found = await reader.get('launchTemplateVersion', `${template.id}:${number}`);
  if (found) return found;
  throw apiError('InvalidLaunchTemplateId.VersionNotFound', {
    message: `Could not find launch template version ${number} for launch template ${template.id}.`,
  });
}

/** The version that a reference means. */
export async function findTemplateVersion(
  reader: MetadataReader,
  scope: Scope,
  reference: TemplateReference,
): Promise<LaunchTemplateVersion> {
  const template = await findTemplate(reader, scope, reference);
  return await versionByNumber(reader, template, versionNumber(template, reference.Version));
}
