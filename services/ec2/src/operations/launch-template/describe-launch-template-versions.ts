import { apiError, type LaunchTemplate, type MetadataReader } from '@bakehouse/domain';
import type { OperationContext } from '@bakehouse/orchestration';
import {
  launchTemplateVersionFilters,
  type VersionFacts,
} from '../../filters/launch-template-filters.ts';
import { resolveImageId } from '../../launch/image-alias.ts';
import { findTemplate, versionByNumber, versionNumber } from '../../launch/template-version.ts';
import type { Operation } from '../../operation.ts';
import { pageOfItems } from '../../request/paging.ts';
import { launchTemplateVersionView } from '../../views/launch-template.ts';

type Request = Parameters<Operation<'DescribeLaunchTemplateVersions'>>[1];

/** Of every template at once EC2 shows the latest or the default versions only. */
async function ofAllTemplates(
  reader: MetadataReader,
  context: OperationContext,
  versions: readonly string[],
): Promise<readonly VersionFacts[]> {
  const other = versions.find((each) => each !== '$Latest' && each !== '$Default');
  if (versions.length === 0 || other !== undefined) {
    throw apiError('MissingParameter', {
      message:
        'You must specify either a launch template ID or a launch template name, or ask for $Latest or $Default versions only.',
    });
  }
  const { region, accountId } = context;
  const all = await reader.list('launchTemplate', { region, where: { owner: [accountId] } });
  const found: VersionFacts[] = [];
  for (const template of all) found.push(...(await named(reader, template, versions)));
  return found;
}

async function named(
  reader: MetadataReader,
  template: LaunchTemplate,
  versions: readonly string[],
): Promise<readonly VersionFacts[]> {
  const numbers = new Set(
    versions.map((each) => versionNumber(template, 'LaunchTemplateVersion', each)),
  );
  const found: VersionFacts[] = [];
  for (const number of numbers) {
    found.push({ template, version: await versionByNumber(reader, template, number) });
  }
  return found;
}

async function inRange(
  reader: MetadataReader,
  template: LaunchTemplate,
  { MinVersion: min, MaxVersion: max }: Request,
): Promise<readonly VersionFacts[]> {
  const first = min === undefined ? 1 : versionNumber(template, 'MinVersion', min);
  const last =
    max === undefined ? template.latestVersion : versionNumber(template, 'MaxVersion', max);
  const where = { template: [template.id] };
  const all = await reader.list('launchTemplateVersion', { where });
  return all
    .filter(({ version }) => version >= first && version <= last)
    .map((version) => ({ template, version }));
}

async function candidates(
  reader: MetadataReader,
  context: OperationContext,
  request: Request,
): Promise<readonly VersionFacts[]> {
  const { Versions: versions = [] } = request;
  if (!request.LaunchTemplateId && !request.LaunchTemplateName) {
    return await ofAllTemplates(reader, context, versions);
  }
  const template = await findTemplate(reader, context, request);
  if (versions.length > 0) return await named(reader, template, versions);
  return await inRange(reader, template, request);
}

function checkChoice({ Versions: versions = [], MinVersion: min, MaxVersion: max }: Request): void {
  if (versions.length === 0 || (min === undefined && max === undefined)) return;
  throw apiError('InvalidParameterCombination', {
    message: 'You can specify either versions or a range of versions, but not both.',
  });
}

/** The version with the id of the image that its alias means now. */
async function withImageId(
  reader: MetadataReader,
  context: OperationContext,
  { template, version }: VersionFacts,
): Promise<VersionFacts> {
  const { ImageId: alias } = version.data;
  if (typeof alias !== 'string') return { template, version };
  const ImageId = await resolveImageId(reader, context, alias);
  return { template, version: { ...version, data: { ...version.data, ImageId } } };
}

/** Newest first, as EC2 lists them; padded so that this is also the order of page tokens. */
const keyOf = ({ template, version }: VersionFacts) =>
  `${template.id}:${String(Number.MAX_SAFE_INTEGER - version.version).padStart(16, '0')}`;

/** Versions of a template, or the latest or default ones of all. */
export const describeLaunchTemplateVersions: Operation<'DescribeLaunchTemplateVersions'> = async (
  context,
  request,
) => {
  checkChoice(request);
  const all = await context.read((reader) => candidates(reader, context, request));
  const ordered = all.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  const { items, nextToken } = await pageOfItems({
    request,
    items: ordered,
    idOf: keyOf,
    table: launchTemplateVersionFilters,
    limits: { min: 1, max: 200 },
  });
  const shown = request.ResolveAlias
    ? await context.read((reader) =>
        Promise.all(items.map((each) => withImageId(reader, context, each))),
      )
    : items;
  return {
    LaunchTemplateVersions: shown.map((each) =>
      launchTemplateVersionView(each.template, each.version),
    ),
    ...(nextToken ? { NextToken: nextToken } : {}),
  };
};
