/** zod with `.openapi()` on every schema, so that one declaration gives the shape, the type and the OpenAPI document. */
import { extendZodWithOpenApi } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';

extendZodWithOpenApi(z);

export { z };
