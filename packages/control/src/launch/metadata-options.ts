import { apiError, type Image, type MetadataOptions } from '@bakehouse/domain';

export interface MetadataOptionsRequest {
  readonly HttpTokens?: string | undefined;
  readonly HttpPutResponseHopLimit?: number | undefined;
  readonly HttpEndpoint?: string | undefined;
  readonly HttpProtocolIpv6?: string | undefined;
  readonly InstanceMetadataTags?: string | undefined;
}

const invalid = (name: string, value: unknown) =>
  apiError('InvalidParameterValue', {
    message: `Value (${value}) for parameter ${name} is invalid.`,
  });

function oneOf<Value extends string>(
  name: string,
  text: string | undefined,
  allowed: readonly Value[],
): Value | undefined {
  if (text === undefined) return undefined;
  const value = allowed.find((each) => each === text);
  if (value === undefined) throw invalid(name, text);
  return value;
}

const toggles = ['enabled', 'disabled'] as const;

/** The options with a request's changes. */
export function changeMetadataOptions(
  options: MetadataOptions,
  request: MetadataOptionsRequest,
): MetadataOptions {
  const hopLimit = request.HttpPutResponseHopLimit ?? options.httpPutResponseHopLimit;
  if (!Number.isInteger(hopLimit) || hopLimit < 1 || hopLimit > 64) {
    throw invalid('HttpPutResponseHopLimit', hopLimit);
  }
  if (oneOf('HttpProtocolIpv6', request.HttpProtocolIpv6, toggles) === 'enabled') {
    throw apiError('UnsupportedOperation', {
      message: 'Instance metadata over IPv6 is not supported',
    });
  }
  return {
    state: 'applied',
    httpTokens:
      oneOf('HttpTokens', request.HttpTokens, ['optional', 'required']) ?? options.httpTokens,
    httpPutResponseHopLimit: hopLimit,
    httpEndpoint: oneOf('HttpEndpoint', request.HttpEndpoint, toggles) ?? options.httpEndpoint,
    httpProtocolIpv6: 'disabled',
    instanceMetadataTags:
      oneOf('InstanceMetadataTags', request.InstanceMetadataTags, toggles) ??
      options.instanceMetadataTags,
  };
}

/** What a launch has when it does not say: an image with ImdsSupport v2.0 asks for tokens. */
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
