export { ssmApi } from './api.ts';
export {
  keyIdOf,
  missingKeyBox,
  type SecretBox,
  sealedBy,
  secretBox,
  wrongKeyBox,
} from './secret-box.ts';
