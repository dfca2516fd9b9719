import type { ModelData, ProtocolName } from '../src/service-model.ts';

type Facts = Pick<ModelData, 'service' | 'protocol' | 'version' | 'xmlNamespace' | 'target'>;

const protocols: ReadonlyMap<string, ProtocolName> = new Map([
  ['aws.protocols#ec2Query', 'ec2Query'],
  ['aws.protocols#awsQuery', 'awsQuery'],
  ['aws.protocols#awsJson1_0', 'awsJson1_0'],
  ['aws.protocols#awsJson1_1', 'awsJson1_1'],
  ['aws.protocols#restJson1', 'restJson1'],
  ['aws.protocols#restXml', 'restXml'],
]);

interface ClientConfig {
  readonly defaultSigningName: string;
  readonly protocol: { getShapeId(): string };
  readonly protocolSettings: {
    readonly version: string;
    readonly xmlNamespace?: string;
    readonly serviceTarget?: string;
  };
}

/** What a client of the SDK knows of its service beside the shapes. */
export function clientFacts(sdk: Readonly<Record<string, unknown>>): Facts {
  const name = Object.keys(sdk).find((key) => /^(?!__)\w+Client$/.test(key));
  if (name === undefined) throw new Error('the module exports no client');
  const Client = sdk[name] as new (options: object) => { readonly config: ClientConfig };
  const { protocol, protocolSettings, defaultSigningName } = new Client({
    region: 'us-east-1',
  }).config;
  const known = protocols.get(protocol.getShapeId());
  if (known === undefined) throw new Error(`the codecs do not know ${protocol.getShapeId()}`);
  const hasXml = !known.includes('Json');
  return {
    service: defaultSigningName,
    protocol: known,
    version: protocolSettings.version,
    xmlNamespace: hasXml ? (protocolSettings.xmlNamespace ?? '') : '',
    target: known.startsWith('awsJson') ? (protocolSettings.serviceTarget ?? '') : '',
  };
}
