/** The header that carries the API key of a request. */
import type { Request } from 'express';

/** The text of the API key in the Authorization header, whatever it is. */
export function keyTextOf(request: Request): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(request.get('authorization') ?? '')?.[1]?.trimEnd();
}
