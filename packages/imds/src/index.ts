export { createMetadataPublisher, type MetadataPublisherOptions } from './metadata-publisher.ts';
export { ensureTokenKey } from './platform-key.ts';
