/** Writes the generated files: `docs/configuration.md`, `docs/permissions.md`, `openapi.json` and the types of clients. */
import { writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from '../api/http/openapi';
import { parseNoArguments } from '../command-line';
import { writeClientTypes } from './client-types';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page';
import { PERMISSION_PAGE, permissionPage } from './permission-page';

parseNoArguments(
  'npm run generate',
  'Write docs/configuration.md from config.ts, docs/permissions.md, openapi.json and docs/clients/typescript/covenant.d.ts from the routes and their permissions.',
);
writeFileSync(CONFIGURATION_PAGE, configurationPage());
writeFileSync(PERMISSION_PAGE, permissionPage());
writeFileSync(OPENAPI_FILE, openApiText());
void writeClientTypes();
