/**
 * The search attributes by which operators find workflows. They are not encrypted, so they hold only ids, states and instants, and
 * the name of the contract unless `TEMPORAL_SHOW_NAMES` forbids it.
 */
import { defineSearchAttributeKey } from '@temporalio/common';

export const CONTRACT_ID = defineSearchAttributeKey('ContractId', 'KEYWORD');
/**
 * A keyword holds 255 characters, and a name has at most 200. A text attribute would fail for names with a colon in Temporal's
 * Postgres stores up to schema 1.14.
 */
export const CONTRACT_NAME = defineSearchAttributeKey('ContractName', 'KEYWORD');
export const CUSTOMER_ID = defineSearchAttributeKey('CustomerId', 'KEYWORD');
export const ENVIRONMENT = defineSearchAttributeKey('Environment', 'KEYWORD');
export const CONTRACT_STATE = defineSearchAttributeKey('ContractState', 'KEYWORD');
/**
 * Set by runs of earlier versions only. Each change of it was an action of its own, a quarter of all actions of a contract. It stays
 * registered, because runs of this version remove its value.
 */
export const NEXT_BOUNDARY = defineSearchAttributeKey('NextBoundary', 'DATETIME');
export const JOB_PROGRESS = defineSearchAttributeKey('JobProgress', 'INT');

/** All of them; a server must know them before the first workflow starts (temporal/setup.ts). */
export const SEARCH_ATTRIBUTES = [
  CONTRACT_ID,
  CONTRACT_NAME,
  CUSTOMER_ID,
  ENVIRONMENT,
  CONTRACT_STATE,
  NEXT_BOUNDARY,
  JOB_PROGRESS,
];
