import type { MetadataReader } from '../ports/metadata-store.ts';
import type { AccountId, RegionName } from '../records/common.ts';
import type { Image } from '../records/image.ts';
import type { ParameterContent } from '../records/parameter.ts';
import { findRegion, isInRegion, publicRegions } from '../regions.ts';

/** A parameter that the platform publishes for all accounts, read-only. */
export interface PublicParameter {
  readonly name: string;
  /** Oldest first, at least one. */
  readonly versions: readonly ParameterContent[];
}

export const publicParameterPrefix = '/aws/service/';

interface Publisher {
  readonly region: RegionName;
  readonly platformAccountId: AccountId;
}

const common = { type: 'String', tier: 'Standard', modifiedBy: '' } as const;

/**
 * The newest image of each recipe that the platform baked, by release and architecture. Nothing keeps these
 * parameters: they are read from the images, so an image that is deregistered is never named. A version is the second in
 * which its image was made. If two were made in the same second, the later image wins.
 */
export function imageParameters(images: readonly Image[]): readonly PublicParameter[] {
  const series = new Map<string, ParameterContent[]>();
  for (const image of images.toSorted((a, b) => a.createdAt - b.createdAt)) {
    const { recipe, release } = image.tags;
    if (recipe === undefined) continue;
    const content: ParameterContent = {
      ...common,
      version: Math.floor(image.createdAt / 1000),
      value: image.id,
      dataType: 'aws:ec2:image',
      modifiedAt: image.createdAt,
    };
    const folders = [recipe, ...(release === undefined ? [] : [`${recipe}/${release}`])];
    for (const folder of folders) {
      const name = `${publicParameterPrefix}${folder}/latest/${image.architecture}`;
      const earlier = (series.get(name) ?? []).filter(({ version }) => version < content.version);
      series.set(name, [...earlier, content]);
    }
  }
  return [...series].map(([name, versions]) => ({ name, versions }));
}

/** Which regions there are, in the names that AWS publishes them under. */
function regionParameters(): readonly PublicParameter[] {
  const root = `${publicParameterPrefix}global-infrastructure/regions`;
  return publicRegions.flatMap(({ name, description, partition }) =>
    Object.entries({
      [`${root}/${name}`]: name,
      [`${root}/${name}/domain`]: partition.domain,
      [`${root}/${name}/longName`]: description,
      [`${root}/${name}/partition`]: partition.name,
    }).map(([parameter, value]) => ({
      name: parameter,
      versions: [{ ...common, version: 1, value, dataType: 'text', modifiedAt: 0 } as const],
    })),
  );
}

/** Every public parameter as the region sees it, in order of name. */
export async function publicParameters(
  reader: MetadataReader,
  { region, platformAccountId }: Publisher,
): Promise<readonly PublicParameter[]> {
  const where = { owner: [platformAccountId], tagKey: ['recipe'] };
  const images = await reader.list('image', { where });
  const launchable = images.filter(
    (image) =>
      image.state === 'available' && image.launchPermissions.everyone && isInRegion(image, region),
  );
  const all = [...imageParameters(launchable), ...(findRegion(region) ? regionParameters() : [])];
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
