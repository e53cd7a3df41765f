/** Contracts, customers, products and generators as fields and links show them: by name, found by text or by id. */
import { api, read } from './client';

export type EntityKind = 'contract' | 'customer' | 'product' | 'generator';

export interface Entity {
  id: string;
  label: string;
}

interface EntityReader {
  /** The first that match a text; without a text, the newest. */
  find: (query: FindQuery, signal: AbortSignal) => Promise<Entity[]>;
  get: (id: string, signal: AbortSignal) => Promise<Entity>;
  /** The address of its page. */
  page: (id: string) => string;
}

export interface FindQuery {
  search?: string;
  limit: number;
  /** Of generators: only those of a product. */
  product_id?: string;
  status?: 'active';
  /** Of products. */
  environment?: 'production' | 'staging' | 'development';
}

export const ENTITIES: Readonly<Record<EntityKind, EntityReader>> = {
  contract: {
    async find({ search, limit }, signal) {
      const query = { limit, ...(search && { search }) };
      return (await read(api.GET('/api/v1/contracts', { params: { query }, signal }))).data.map(named);
    },
    get: async (id, signal) =>
      named(await read(api.GET('/api/v1/contracts/{id}', { params: { path: { id } }, signal }))),
    page: (id) => `/contracts/${id}`,
  },
  customer: {
    async find({ search, limit }, signal) {
      const query = { limit, ...(search && { search }) };
      return (await read(api.GET('/api/v1/customers', { params: { query }, signal }))).data.map(person);
    },
    get: async (id, signal) =>
      person(await read(api.GET('/api/v1/customers/{id}', { params: { path: { id } }, signal }))),
    page: (id) => `/customers/${id}`,
  },
  product: {
    async find({ search, limit, status, environment }, signal) {
      const query = {
        limit,
        ...(search && { search }),
        ...(status && { status }),
        ...(environment && { environment }),
      };
      return (await read(api.GET('/api/v1/products', { params: { query }, signal }))).data.map(named);
    },
    get: async (id, signal) =>
      named(await read(api.GET('/api/v1/products/{id}', { params: { path: { id } }, signal }))),
    page: (id) => `/products/${id}`,
  },
  generator: {
    async find({ search, limit, product_id, status }, signal) {
      const query = { limit, ...(search && { search }), ...(product_id && { product_id }), ...(status && { status }) };
      return (await read(api.GET('/api/v1/generators', { params: { query }, signal }))).data.map(named);
    },
    get: async (id, signal) =>
      named(await read(api.GET('/api/v1/generators/{id}', { params: { path: { id } }, signal }))),
    page: (id) => `/generators/${id}`,
  },
};

function named({ id, name }: { id: string; name: string }): Entity {
  return { id, label: name };
}

/** A customer without a name of their own is called by their address. */
function person({ id, name, email }: { id: string; name: string; email: string }): Entity {
  return { id, label: name === email ? email : `${name} (${email})` };
}
