import { type ServiceModel, serviceModel } from '../src/service-model.ts';
import { declaredEnums, sdkDeclarations } from './declared-enums.ts';
import { modelData } from './model-data.ts';

/**
 * The model of any service whose SDK client is installed, without a table on disk: for tests of the
 * protocols. `packageUrl` is that of the client's entry point (`import.meta.resolve`), `without` names operations that the codecs cannot carry (event streams).
 */
export async function sdkModel(
  packageUrl: string,
  sdk: Readonly<Record<string, unknown>>,
  { without = [] }: { readonly without?: readonly string[] } = {},
): Promise<ServiceModel> {
  const enums = declaredEnums(await sdkDeclarations(packageUrl), sdk);
  const operations = Object.keys(sdk)
    .filter((name) => name.endsWith('Command'))
    .map((name) => name.slice(0, -'Command'.length))
    .filter((name) => !without.includes(name));
  return serviceModel(modelData(sdk, { enums, operations }));
}
