import { apiError, type Image, type Instance, type MetadataOptions } from '@bakehouse/domain';
import { oneOf } from '../request/text.ts';

export interface MetadataOptionsRequest {
  readonly HttpTokens?: string | undefined;
  readonly HttpPutResponseHopLimit?: number | undefined;
  readonly HttpEndpoint?: string | undefined;
  readonly HttpProtocolIpv6?: string | undefined;
  readonly InstanceMetadataTags?: string | undefined;
}

const toggles = ['enabled', 'disabled'] as const;

/** The options after a request's changes. */
export function changeMetadataOptions(
  options: MetadataOptions,
  request: MetadataOptionsRequest,
): MetadataOptions {
  const hopLimit = request.HttpPutResponseHopLimit ?? options.httpPutResponseHopLimit;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64) {
    throw apiError('InvalidParameterValue', {
      parameter: 'HttpPutResponseHopLimit',
      value: hopLimit,
      hint: 'Expecting an integer from 1 to 64',
    });
  }
  if (oneOf('HttpProtocolIpv6', request.HttpProtocolIpv6 ?? 'disabled', toggles) === 'enabled') {
    throw apiError('UnsupportedOperation', {
      message: 'Instance metadata over IPv6 is not supported',
    });
  }
  return {
    state: 'applied',
    httpTokens: oneOf('HttpTokens', request.HttpTokens ?? options.httpTokens, [
      'optional',
      'required',
    ]),
    httpPutResponseHopLimit: hopLimit,
    httpEndpoint: oneOf('HttpEndpoint', request.HttpEndpoint ?? options.httpEndpoint, toggles),
    httpProtocolIpv6: 'disabled',
    instanceMetadataTags: oneOf(
      'InstanceMetadataTags',
      request.InstanceMetadataTags ?? options.instanceMetadataTags,
      toggles,
    ),
  };
}

/** The options of a launch that names none. An image with ImdsSupport v2.0 requires tokens. */
export function defaultMetadataOptions(image: Image): MetadataOptions {
  const v2 = image.imdsSupport === 'v2.0';
  return {
    state: 'applied',
    httpTokens: v2 ? 'required' : 'optional',
    httpPutResponseHopLimit: v2 ? 2 : 1,
    httpEndpoint: 'enabled',
    httpProtocolIpv6: 'disabled',
    instanceMetadataTags: 'disabled',
  };
}

/** The tag keys that can be a path in the metadata tree ("Work with instance tags in metadata"). */
const pathPattern = /^(?!(?:\.{1,2}|_index)$)[0-9a-zA-Z\-_+=,.@:]{1,255}$/;

/** Refuses tag keys that cannot be a path while the instance shows its tags in its metadata. */
export function checkMetadataKeys({
  tags,
  metadataOptions,
}: Pick<Instance, 'tags' | 'metadataOptions'>): void {
  if (metadataOptions.instanceMetadataTags !== 'enabled') return;
  const bad = Object.keys(tags).find((key) => !pathPattern.test(key));
  if (bad === undefined) return;
  throw apiError('InvalidParameterValue', {
    message: `'${bad}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index'), while the instance shows its tags in its metadata`,
  });
}
