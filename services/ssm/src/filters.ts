import { apiError, type Parameter, parameterPath } from '@bakehouse/domain';
import type { ParameterRequest } from './context.ts';
import { labelsOf } from './labels.ts';
import { asFolder, isIn } from './names.ts';
import { platformKey } from './views.ts';

type Filters = NonNullable<ParameterRequest<'DescribeParameters'>['ParameterFilters']>;
type Test = (parameter: Parameter, values: readonly string[]) => boolean;

/** What a filter looks at, and by which options. The first option is the default. */
interface FilterSpec {
  readonly options: Readonly<Record<string, Test>>;
}

type Texts = (parameter: Parameter) => readonly string[];

const equals =
  (texts: Texts): Test =>
  (parameter, values) =>
    texts(parameter).some((text) => values.includes(text));
const beginsWith =
  (texts: Texts): Test =>
  (parameter, values) =>
    texts(parameter).some((text) => values.some((value) => text.startsWith(value)));
const contains =
  (texts: Texts): Test =>
  (parameter, values) =>
    texts(parameter).some((text) => values.some((value) => text.includes(value)));

const nameOf: Texts = ({ name }) => [name];
const keyOf: Texts = ({ content }) => (content.type === 'SecureString' ? [platformKey] : []);
const newestLabels: Texts = ({ content, labels }) => labelsOf(labels, content.version);

const below =
  (isRecursive: boolean): Test =>
  ({ name }, values) =>
    values.some((value) => isIn(asFolder(value), parameterPath(name), isRecursive));

const type: FilterSpec = { options: { Equals: equals(({ content }) => [content.type]) } };
const keyId: FilterSpec = { options: { Equals: equals(keyOf), BeginsWith: beginsWith(keyOf) } };
const label: FilterSpec = {
  options: { Equals: equals(newestLabels), BeginsWith: beginsWith(newestLabels) },
};

/** By key: API reference, ParameterStringFilter. */
export const describeFilters: Readonly<Record<string, FilterSpec>> = {
  Name: {
    options: { Equals: equals(nameOf), BeginsWith: beginsWith(nameOf), Contains: contains(nameOf) },
  },
  Path: { options: { OneLevel: below(false), Recursive: below(true) } },
  Type: type,
  KeyId: keyId,
  Tier: { options: { Equals: equals(({ content }) => [content.tier]) } },
  DataType: { options: { Equals: equals(({ content }) => [content.dataType]) } },
  Label: label,
};
export const pathFilters: Readonly<Record<string, FilterSpec>> = {
  Type: type,
  KeyId: keyId,
  Label: label,
};

const tagFilter = (key: string): FilterSpec => {
  const valuesOfTag: Texts = ({ tags }) => (Object.hasOwn(tags, key) ? [tags[key] ?? ''] : []);
  return {
    options: {
      Equals: (parameter, values) =>
        values.length === 0
          ? valuesOfTag(parameter).length > 0
          : equals(valuesOfTag)(parameter, values),
      BeginsWith: beginsWith(valuesOfTag),
    },
  };
};

const valuesMax = 50;

function testOf(
  { Key: key = '', Option: option, Values: values = [] }: Filters[number],
  specs: Readonly<Record<string, FilterSpec>>,
): (parameter: Parameter) => boolean {
  const isTag = key.startsWith('tag:') && specs === describeFilters;
  const spec = isTag
    ? tagFilter(key.slice('tag:'.length))
    : Object.hasOwn(specs, key)
      ? specs[key]
      : undefined;
  if (spec === undefined) {
    throw apiError('InvalidFilterKey', {
      message: `The filter key '${key}' is not valid. Valid keys are ${Object.keys(specs).join(', ')}.`,
    });
  }
  if (values.length > valuesMax || (values.length === 0 && !isTag)) {
    throw apiError('InvalidFilterValue', {
      message: `The filter '${key}' must have 1 to ${valuesMax} values.`,
    });
  }
  const { options } = spec;
  const chosen = option ?? Object.keys(options)[0] ?? '';
  const test = Object.hasOwn(options, chosen) ? options[chosen] : undefined;
  if (test !== undefined) return (parameter) => test(parameter, values);
  throw apiError('InvalidFilterOption', {
    message: `The filter option '${chosen}' is not valid for the key '${key}'. Valid options are ${Object.keys(options).join(', ')}.`,
  });
}

/** True for parameters that all filters accept. */
export function parameterFilter(
  filters: Filters,
  specs: Readonly<Record<string, FilterSpec>>,
): (parameter: Parameter) => boolean {
  const tests = filters.map((filter) => testOf(filter, specs));
  return (parameter) => tests.every((test) => test(parameter));
}
