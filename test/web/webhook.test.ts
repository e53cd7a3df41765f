/** The form of a webhook endpoint: the filters it offers, and the requests that its fields become. */
import { EVENT_TYPES } from '../../domain/webhook/event';
import { eventFilterProblem } from '../../domain/webhook/event-filter';
import { createBody, NEW_ENDPOINT, termsOf, valuesOf } from '../../web/src/webhook/endpoint-values';
import { EVENT_TYPES as OFFERED, filterGroups } from '../../web/src/webhook/events';
import { prettyJson } from '../../web/src/base/pretty-json';
import { stateKey } from '../../web/src/webhook/states';
import type { Endpoint } from '../../web/src/webhook/states';

test('the filter offers the whole catalogue, and nothing that the interface refuses', () => {
  expect([...OFFERED].sort()).toEqual([...EVENT_TYPES].sort());
  const offered = filterGroups().flatMap(({ items }) => items);
  expect(offered.map(eventFilterProblem).filter((problem) => problem !== null)).toEqual([]);
  expect(new Set(offered).size).toBe(offered.length);
});

test('an endpoint that is opened and saved without a change stays as it is', () => {
  const terms = { url: 'https://example.com/hook', description: null, events: ['license.*'], rate_per_second: null };
  for (const events of [['*'], ['license.*', 'job.failed']]) {
    const endpoint = { ...terms, events, contract_id: null, environment: 'production' as const };
    expect(termsOf(valuesOf(endpoint))).toEqual({ ...terms, events });
  }
});

test('a contract decides the environment of its endpoints, so the form sends one only without a contract', () => {
  const values = { ...NEW_ENDPOINT, url: ' https://example.com/hook ', environment: 'staging' as const };
  expect(createBody(values)).toMatchObject({ url: 'https://example.com/hook', events: ['*'], environment: 'staging' });
  const ofContract = createBody({ ...values, contract_id: 'id' });
  expect(ofContract).toMatchObject({ contract_id: 'id' });
  expect(ofContract).not.toHaveProperty('environment');
});

test.each<[Partial<Endpoint>, string]>([
  [{ status: 'enabled' }, 'state.unused'],
  [{ status: 'enabled', delivered_at: '2027-01-01T00:00:00Z' }, 'state.delivering'],
  [{ status: 'enabled', delivered_at: '2027-01-01T00:00:00Z', failing_since: '2027-01-02T00:00:00Z' }, 'state.failing'],
  [{ status: 'disabled', disabled_reason: 'gone' }, 'state.disabled.gone'],
  [{ status: 'disabled', disabled_reason: 'failing', failing_since: '2027-01-02T00:00:00Z' }, 'state.disabled.failing'],
  [{ status: 'ending' }, 'state.ending'],
])('the state of an endpoint %j has its sentence', (endpoint, key) => {
  const none = { disabled_reason: null, failing_since: null, delivered_at: null };
  expect(stateKey({ ...none, ...endpoint } as Endpoint)).toBe(key);
});

test('a payload that is no JSON is shown as it was sent', () => {
  expect(prettyJson('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(prettyJson('{"a":')).toBe('{"a":');
});
