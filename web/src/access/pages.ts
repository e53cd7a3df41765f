import type { PageSpec } from '../base/page-spec';

export const accessPages: PageSpec[] = [];
