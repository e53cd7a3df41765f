/**
 * Generates docs/events.md: every type of domain event with its fields and an example, from the catalogue in domain/webhook/.
 * `--check` writes nothing and fails when the page on disk is not up to date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { EVENT_TYPES, eventSchema, occasionOf } from '../domain/webhook/event';
import type { EventType } from '../domain/webhook/event';
import { payloadData, payloadExample } from '../domain/webhook/payload';
import { commandLine } from '../command-line';

export const EVENT_PAGE = join(__dirname, '../docs/events.md');

const HEAD = `# Domain events

<!-- Written by \`npm run generate\` from domain/webhook/. Edit that, not this page. -->

What Covenant reports to other systems. An event is written in the transaction of its change, so it exists exactly if the change
does. One change is one event, also a job that generates a million licenses. \`GET /api/v1/contracts/{id}/events\` lists the events
of a contract. Endpoints of webhooks receive each event as a signed message (Standard Webhooks), whose \`webhook-id\` is the id of the event:
the same for every attempt and every endpoint. What is delivered is this page, and the \`webhooks\` of the OpenAPI document. Only deliveries
of events about licenses have the fields \`licenses\`, with the keys, and \`licenses_url\`; the list of events does not.

The events of a contract are numbered from 1 without gaps (\`sequence\`). A program that has processed number 41 reads what it misses
with \`GET /api/v1/contracts/{id}/events?after=41\`, oldest first. Types and fields can be added at any time: ignore those that you do not
know.

Every event has these fields:
`;

/** The parts of a JSON schema that the page shows. */
interface Field {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  anyOf?: Field[];
  items?: Field;
  description?: string;
}
interface Fields {
  properties: Record<string, Field>;
  required?: string[];
}

/** Returns the page as Markdown. */
export function eventPage(): string {
  const { data: _data, type, ...envelope } = fieldsOf(eventSchema('contract.created')).properties;
  const named = {
    type: { ...type, const: undefined, type: 'text', description: 'The type: a section of this page' },
    ...envelope,
  };
  const all = { ...named, data: { type: 'object', description: 'What happened: the fields of its type' } };
  return [HEAD, tableOf({ properties: all, required: Object.keys(all) }), '', ...EVENT_TYPES.flatMap(section)].join(
    '\n',
  );
}

function section(type: EventType): string[] {
  const example = JSON.stringify(payloadExample(type), null, 2);
  return [
    `## ${type}\n`,
    `${occasionOf(type)}\n`,
    tableOf(fieldsOf(payloadData(type))),
    '',
    '```json',
    example,
    '```',
    '',
  ];
}

function fieldsOf(schema: z.ZodType): Fields {
  return z.toJSONSchema(schema) as unknown as Fields;
}

function tableOf({ properties, required = [] }: Fields): string {
  const rows = Object.entries(properties).map(([name, field]) => {
    const meaning = [required.includes(name) ? '' : 'Not always there', field.description ?? '']
      .filter(Boolean)
      .join('. ');
    return `| \`${name}\` | ${typeText(field)} | ${meaning} |`;
  });
  return ['| field | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function typeText({ type = '', enum: values, const: value, format, anyOf, items }: Field): string {
  if (anyOf) return anyOf.map(typeText).join(' or ');
  if (value !== undefined) return `\`${JSON.stringify(value)}\``;
  if (values) return values.map((one) => `\`${String(one)}\``).join(', ');
  if (items) return `list of ${typeText(items)}`;
  if (Array.isArray(type)) return type.map((one) => TYPE_NAMES[one] ?? one).join(' or ');
  return TYPE_NAMES[format ?? type] ?? type;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  uuid: 'UUID',
  date: 'date',
  'date-time': 'instant',
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
};

function main(): void {
  const { check } = commandLine('event-page', 'Write docs/events.md from domain/webhook/.')
    .option('--check', 'write nothing, and fail when the page differs')
    .parse()
    .opts<{ check?: true }>();
  const page = eventPage();
  if (!check) {
    writeFileSync(EVENT_PAGE, page);
    return;
  }
  if (readFileSync(EVENT_PAGE, 'utf8') === page) return;
  console.error('docs/events.md does not match domain/webhook/: run `npm run generate`.');
  process.exitCode = 1;
}

if (require.main === module) main();
