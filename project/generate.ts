/** Writes the generated files: `docs/configuration.md`, `docs/permissions.md` and `openapi.json`. */
import { writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from '../api/http/openapi';
import { parseNoArguments } from '../command-line';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page';
import { PERMISSION_PAGE, permissionPage } from './permission-page';

parseNoArguments(
  'npm run generate',
  'Write docs/configuration.md from config.ts, docs/permissions.md and openapi.json from the routes and their permissions.',
);
writeFileSync(CONFIGURATION_PAGE, configurationPage());
writeFileSync(PERMISSION_PAGE, permissionPage());
writeFileSync(OPENAPI_FILE, openApiText());
