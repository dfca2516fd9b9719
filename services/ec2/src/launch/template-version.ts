import {
  apiError,
  type LaunchTemplate,
  type LaunchTemplateVersion,
  type MetadataReader,
} from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';

export interface TemplateReference {
  readonly LaunchTemplateId?: string | undefined;
  readonly LaunchTemplateName?: string | undefined;
  /** A number, `$Default` (also when absent or empty) or `$Latest`. */
  readonly Version?: string | undefined;
}

type Scope = Pick<OperationContext, 'accountId' | 'region'>;

/** A template is named by its id or by its name, not by both. */
function checkTemplateReference({
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
    throw apiError('InvalidLaunchTemplateId.Malformed', { id });
  }
  const found = await reader.get('launchTemplate', id);
  if (found?.ownerId === scope.accountId && found.region === scope.region) return found;
  throw apiError('InvalidLaunchTemplateId.NotFound', { id });
}

async function templateByName(reader: MetadataReader, scope: Scope, name: string) {
  const where = { name: [name], owner: [scope.accountId] };
  const [found] = await reader.list('launchTemplate', { region: scope.region, where });
  if (found) return found;
  throw apiError('InvalidLaunchTemplateName.NotFoundException', { name });
}

/** The caller's template by id or name; throws EC2's error for a missing one. */
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

/** The parameters that name a version, as EC2's Query API spells them. */
export type VersionParameter =
  | 'LaunchTemplate.Version'
  | 'LaunchTemplateVersion'
  | 'MaxVersion'
  | 'MinVersion'
  | 'SetDefaultVersion'
  | 'SourceVersion';

/** The number that `$Default`, `$Latest` or a number in digits means for this template. */
export function versionNumber(
  template: LaunchTemplate,
  parameter: VersionParameter,
  version: string,
): number {
  if (version === '$Default') return template.defaultVersion;
  if (version === '$Latest') return template.latestVersion;
  if (/^[1-9]\d{0,14}$/.test(version)) return Number(version);
  throw apiError('InvalidParameterValue', {
    parameter,
    value: version,
    hint: 'Expecting a version number, $Latest or $Default.',
  });
}

/** The version of that number; throws EC2's error for a missing one. */
export async function versionByNumber(
  reader: MetadataReader,
  template: LaunchTemplate,
  number: number,
): Promise<LaunchTemplateVersion> {
  const found = await reader.get('launchTemplateVersion', `${template.id}:${number}`);
  if (found) return found;
  throw apiError('InvalidLaunchTemplateId.VersionNotFound', {
    message: `Could not find the specified version ${number} for the launch template with ID ${template.id}.`,
  });
}

/** The version that a reference means. */
export async function findTemplateVersion(
  reader: MetadataReader,
  scope: Scope,
  reference: TemplateReference,
): Promise<LaunchTemplateVersion> {
  const template = await findTemplate(reader, scope, reference);
  const version = reference.Version || '$Default';
  const number = versionNumber(template, 'LaunchTemplate.Version', version);
  return await versionByNumber(reader, template, number);
}
