/** Writes the generated files: `docs/configuration.md`, `docs/permissions.md`, `docs/events.md`, the table of `docs/mail.md`, `openapi.json` and the types of clients. */
import { writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from '../api/http/openapi';
import { parseNoArguments } from '../command-line';
import { writeClientTypes } from './client-types';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page';
import { EVENT_PAGE, eventPage } from './event-page';
import { MAIL_PAGE, mailPage } from './mail-page';
import { PERMISSION_PAGE, permissionPage } from './permission-page';

parseNoArguments(
  'npm run generate',
  'Write docs/configuration.md from config.ts, docs/permissions.md, docs/events.md, the table of docs/mail.md, openapi.json and docs/clients/typescript/covenant.d.ts from the routes, their permissions and the catalogue of events.',
);
writeFileSync(CONFIGURATION_PAGE, configurationPage());
writeFileSync(PERMISSION_PAGE, permissionPage());
writeFileSync(EVENT_PAGE, eventPage());
writeFileSync(MAIL_PAGE, mailPage());
writeFileSync(OPENAPI_FILE, openApiText());
void writeClientTypes();
