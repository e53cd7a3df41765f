/** zod as the interface uses it: with `.openapi()` on every schema, so that shape, type and document are one. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

extendZodWithOpenApi(z);

export { z };
