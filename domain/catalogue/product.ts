/** A product: what licenses are for. Its environment is that of everything made from it. */
import type { Environment } from '../base/environment';

export interface ProductFacts {
  id: string;
  name: string;
  code: string;
  environment: Environment;
  status: 'active' | 'inactive';
  modules: string[];
}
