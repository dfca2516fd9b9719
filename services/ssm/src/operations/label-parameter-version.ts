import { apiError, type MetadataReader, type Parameter } from '@bakehouse/domain';
import type { ParameterContext, ParameterOperation } from '../context.ts';
import { isLabel, labelsOf } from '../labels.ts';
import { checkTen } from '../limits.ts';
import { keptVersions, ownParameter, parameterNotFound } from '../lookup.ts';

const labelsMax = 10;

/** The parameter and the version to label: the newest unless the request says which. */
async function versionToLabel(
  reader: MetadataReader,
  context: ParameterContext,
  { Name: name, ParameterVersion: asked }: { Name: string; ParameterVersion?: number | undefined },
): Promise<{ parameter: Parameter; version: number }> {
  const parameter = await ownParameter(reader, context, name);
  if (!parameter) throw parameterNotFound(name);
  const version = asked ?? parameter.content.version;
  if ((await keptVersions(reader, parameter)).includes(version)) return { parameter, version };
  throw apiError('ParameterVersionNotFound', { name, selector: String(version) });
}

/** Puts labels on a version; a label that another version has moves. */
export const labelParameterVersion: ParameterOperation<'LabelParameterVersion'> = async (
  context,
  request,
) => {
  checkTen('labels', request.Labels);
  const given = [...new Set(request.Labels)];
  const valid = given.filter(isLabel);
  return await context.write(async (tx) => {
    const { parameter, version } = await versionToLabel(tx, context, request);
    const added = Object.fromEntries(valid.map((label) => [label, version]));
    const labels = { ...parameter.labels, ...added };
    if (labelsOf(labels, version).length > labelsMax) {
      throw apiError('ParameterVersionLabelLimitExceeded', {
        message: `A parameter version can have at most ${labelsMax} labels. Move one or more labels to another version and try again.`,
      });
    }
    await tx.put('parameter', { ...parameter, labels });
    return {
      InvalidLabels: given.filter((label) => !isLabel(label)),
      ParameterVersion: version,
    };
  });
};

/** Takes labels off a version; those that it does not have are listed. */
export const unlabelParameterVersion: ParameterOperation<'UnlabelParameterVersion'> = async (
  context,
  request,
) => {
  checkTen('labels', request.Labels);
  const given = [...new Set(request.Labels)];
  return await context.write(async (tx) => {
    const { parameter, version } = await versionToLabel(tx, context, request);
    const isOn = (label: string) =>
      Object.hasOwn(parameter.labels, label) && parameter.labels[label] === version;
    const removed = given.filter(isOn);
    const left = Object.entries(parameter.labels).filter(([label]) => !removed.includes(label));
    await tx.put('parameter', { ...parameter, labels: Object.fromEntries(left) });
    return {
      RemovedLabels: removed,
      InvalidLabels: given.filter((label) => !isOn(label)),
    };
  });
};
