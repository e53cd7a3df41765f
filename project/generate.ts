/** Writes the files that are made from the sources: `docs/configuration.md` and `openapi.json`. */
import { writeFileSync } from 'node:fs';
import { OPENAPI_FILE, openApiText } from '../api/http/openapi';
import { parseNoArguments } from '../command-line';
import { CONFIGURATION_PAGE, configurationPage } from './configuration-page';

parseNoArguments('npm run generate', 'Write docs/configuration.md from config.ts, and openapi.json from the routes.');
writeFileSync(CONFIGURATION_PAGE, configurationPage());
writeFileSync(OPENAPI_FILE, openApiText());
