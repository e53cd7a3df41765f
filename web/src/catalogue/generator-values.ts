/** What the form of a generator holds, and the requests that are made from it. */
import type { components } from '../base/interface';
import { featuresOf, rowsOf } from './features';
import type { FeatureRow } from './features';
import type { Generator } from './states';

type Create = components['schemas']['GeneratorCreate'];
type Edit = components['schemas']['GeneratorEdit'];

export interface GeneratorValues {
  name: string;
  product_id: string;
  kind: Generator['kind'];
  status: Generator['status'];
  /** Number fields are texts while they are empty. */
  activation_limit: number | string;
  format: {
    prefix: string;
    groups: number | string;
    group_length: number | string;
    alphabet: string;
    separator: '-' | '_' | '.' | '';
  };
  features: FeatureRow[];
}

/** A format with many more keys than any quota needs. Without characters, the interface takes those that people do not confuse. */
const INITIAL_FORMAT: GeneratorValues['format'] = {
  prefix: '',
  groups: 4,
  group_length: 5,
  alphabet: '',
  separator: '-',
};

export function valuesOf(generator: Generator | undefined, product_id = ''): GeneratorValues {
  const format = generator?.format;
  return {
    name: generator?.name ?? '',
    product_id: generator?.product_id ?? product_id,
    kind: generator?.kind ?? 'plain',
    status: generator?.status ?? 'active',
    activation_limit: generator?.activation_limit ?? '',
    format: format
      ? {
          ...format,
          prefix: format.prefix ?? '',
          separator: format.separator as GeneratorValues['format']['separator'],
        }
      : INITIAL_FORMAT,
    features: rowsOf(generator?.features ?? {}),
  };
}

/** The body of a creation. What is missing goes as it is: the interface names the field. */
export function creationOf(values: GeneratorValues): Create {
  const { name, product_id } = values;
  return { ...sharedOf(values), name, product_id, kind: values.kind, status: values.status };
}

/** Only what was changed, so that the format of a generator that is in use is not judged again without need. */
export function editOf(values: GeneratorValues, before: GeneratorValues): Edit {
  const { name, kind, status } = values;
  const { format, ...shared } = sharedOf(values);
  const same = JSON.stringify(format) === JSON.stringify(sharedOf(before).format);
  return { name, kind, status, ...shared, ...(same ? {} : { format }) };
}

function sharedOf({ format, features, activation_limit }: GeneratorValues) {
  const { prefix, groups, group_length, alphabet, separator } = format;
  return {
    format: {
      prefix: prefix === '' ? null : prefix,
      groups: groups as number,
      group_length: group_length as number,
      ...(alphabet === '' ? {} : { alphabet }),
      separator,
    },
    features: featuresOf(features).features,
    activation_limit: activation_limit === '' ? null : (activation_limit as number),
  };
}
