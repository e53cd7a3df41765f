/** The search attributes of a namespace beside those that the workflows use. */
import type { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';

const TYPES = temporal.api.enums.v1.IndexedValueType;

/** One search attribute as it should be and as the namespace has it. */
export interface SearchAttributeHealth {
  name: string;
  wanted: string;
  /** Undefined when it is not registered. */
  found: string | undefined;
}

/** Every search attribute that Covenant needs, with its type in the namespace. */
export async function findSearchAttributes(client: Client): Promise<SearchAttributeHealth[]> {
  const { namespace } = client.options;
  const { customAttributes } = await operatorOf(client).listSearchAttributes({ namespace });
  return SEARCH_ATTRIBUTES.map(({ name, type }) => {
    const found = customAttributes[name];
    return { name, wanted: type, found: found === undefined ? undefined : nameOfType(TYPES[found]) };
  });
}

/** Adds attributes to the namespace. */
export async function addSearchAttributes(client: Client, attributes: SearchAttributeHealth[]): Promise<void> {
  const searchAttributes = Object.fromEntries(attributes.map(({ name, wanted }) => [name, typeOfName(wanted)]));
  await operatorOf(client).addSearchAttributes({ namespace: client.options.namespace, searchAttributes });
}

/** `INDEXED_VALUE_TYPE_KEYWORD` as `KEYWORD`, the way search attributes are declared. */
function nameOfType(name: string | undefined): string {
  return (name ?? 'unknown').replace('INDEXED_VALUE_TYPE_', '');
}

function typeOfName(name: string): temporal.api.enums.v1.IndexedValueType {
  return TYPES[`INDEXED_VALUE_TYPE_${name}` as keyof typeof TYPES];
}

function operatorOf(client: Client): Connection['operatorService'] {
  return (client.connection as Connection).operatorService;
}
