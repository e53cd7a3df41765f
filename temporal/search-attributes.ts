/**
 * The search attributes of a namespace, compared with those that the workflows use.
 *
 * A workflow that sets an attribute that is missing in the namespace, or has another type there, cannot continue until an
 * administrator corrects the attribute. Not every client may read the attributes: a hosted namespace, or a role that is limited to
 * one namespace, has no operator service. So this module asks in three ways: the description of the namespace, the operator service,
 * and a query. An attribute that none of them shows is `unknown`, which is not a failure.
 */
import type { Client, Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';
import { GRPC, grpcFailureOf, isRefusal } from './grpc-status';

const TYPES = temporal.api.enums.v1.IndexedValueType;

/** One search attribute as it should be and as the namespace has it. */
export interface SearchAttributeHealth {
  name: string;
  /** Its type as the workflows declare it, for example `KEYWORD`. */
  wanted: string;
  state: 'registered' | 'mistyped' | 'missing' | 'unknown';
  /** Its type in the namespace; undefined when it is missing or cannot be seen. */
  found: string | undefined;
  /** The column of the visibility store with its values; null when the store has no columns or does not show them. */
  column: string | null;
}

/** Every search attribute that Covenant needs, with its state in the namespace. */
export async function findSearchAttributes(client: Client): Promise<SearchAttributeHealth[]> {
  const columns = await findColumns(client);
  const seen = SEARCH_ATTRIBUTES.map(({ name, type }) => healthOf(name, type, columns.get(name)));
  if (seen.every(({ state }) => state !== 'missing')) return seen;

  const types = await findTypes(client);
  return Promise.all(
    seen.map(async (attribute): Promise<SearchAttributeHealth> => {
      if (attribute.state !== 'missing') return attribute;
      const { name, wanted } = attribute;
      if (types !== undefined) return healthOf(name, wanted, { column: null, type: types.get(name) });
      return { ...attribute, state: (await isKnownToQueries(client, name)) === false ? 'missing' : 'unknown' };
    }),
  );
}

/**
 * Adds attributes to the namespace.
 * @throws the SDK's ServiceError; `isRefusal` says whether the reason is that this client may not add any
 */
export async function addSearchAttributes(client: Client, attributes: SearchAttributeHealth[]): Promise<void> {
  const searchAttributes = Object.fromEntries(attributes.map(({ name, wanted }) => [name, typeOfName(wanted)]));
  try {
    await operatorOf(client).addSearchAttributes({ namespace: client.options.namespace, searchAttributes });
  } catch (error) {
    // Another process added them first.
    if (grpcFailureOf(error)?.code !== GRPC.ALREADY_EXISTS) throw error;
  }
}

/** An attribute as one of the three ways shows it; `type` is undefined when it is missing there. */
interface Seen {
  column: string | null;
  type: string | undefined;
}

function healthOf(name: string, wanted: string, seen: Seen | undefined): SearchAttributeHealth {
  const { column = null, type: found } = seen ?? {};
  const state = found === undefined ? 'missing' : found === wanted ? 'registered' : 'mistyped';
  return { name, wanted, state, found, column };
}

/**
 * Attributes by name, from the description of the namespace. A visibility store in SQL keeps them in columns that are named after
 * their types (`Keyword03`), and so do hosted namespaces. Elasticsearch has no such columns.
 */
async function findColumns(client: Client): Promise<Map<string, Seen>> {
  const { namespace } = client.options;
  const description = await unlessRefused(client.workflowService.describeNamespace({ namespace }));
  const aliases = Object.entries(description?.config?.customSearchAttributeAliases ?? {});
  return new Map(aliases.map(([column, name]) => [name, { column, type: typeOfColumn(column) }]));
}

/** Types by name from the operator service; undefined when this client may not call it. */
async function findTypes(client: Client): Promise<Map<string, string> | undefined> {
  const { namespace } = client.options;
  const answer = await unlessRefused(operatorOf(client).listSearchAttributes({ namespace }));
  if (answer === undefined) return undefined;
  return new Map(Object.entries(answer.customAttributes).map(([name, type]) => [name, nameOfType(TYPES[type])]));
}

/** Whether a query may contain the attribute: that shows that it exists, but not its type. Undefined when queries are refused. */
async function isKnownToQueries(client: Client, name: string): Promise<boolean | undefined> {
  // No workflow has this id, so the count is fast in every namespace.
  const query = `WorkflowId = 'covenant-looks-for-a-search-attribute' AND ${name} IS NULL`;
  try {
    const { namespace } = client.options;
    const counted = await unlessRefused(client.workflowService.countWorkflowExecutions({ namespace, query }));
    return counted === undefined ? undefined : true;
  } catch (error) {
    if (grpcFailureOf(error)?.code === GRPC.INVALID_ARGUMENT) return false;
    throw error;
  }
}

async function unlessRefused<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** `Keyword03` as `KEYWORD` and `KeywordList01` as `KEYWORD_LIST`; undefined for a column that is not named after a type. */
function typeOfColumn(column: string): string | undefined {
  const type = /^([A-Za-z]+)\d+$/
    .exec(column)?.[1]
    ?.replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toUpperCase();
  return type !== undefined && `INDEXED_VALUE_TYPE_${type}` in TYPES ? type : undefined;
}

/** `INDEXED_VALUE_TYPE_KEYWORD` as `KEYWORD`, the form in which search attributes are declared. */
function nameOfType(name: string | undefined): string {
  return (name ?? 'unknown').replace('INDEXED_VALUE_TYPE_', '');
}

function typeOfName(name: string): temporal.api.enums.v1.IndexedValueType {
  return TYPES[`INDEXED_VALUE_TYPE_${name}` as keyof typeof TYPES];
}

function operatorOf(client: Client): Connection['operatorService'] {
  return (client.connection as Connection).operatorService;
}
