/** A product, for which licenses are generated. Its environment applies to everything that belongs to it. */
import type { Environment } from '../base/environment';

export interface ProductFacts {
  id: string;
  name: string;
  code: string;
  environment: Environment;
  status: 'active' | 'inactive';
  modules: string[];
}
