/** A key format as people write it: `CAD-XXXXX-XXXXX`. */
import type { Generator } from './states';

export function patternOf({ prefix, groups, group_length, separator }: Generator['format']): string {
  const group = 'X'.repeat(group_length);
  return [...(prefix === null ? [] : [prefix]), ...Array.from({ length: groups }, () => group)].join(separator);
}
