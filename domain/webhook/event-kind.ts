/** How a type of domain event is described: when it is written, the schema of its data, and an example. */
import { z } from 'zod';

export interface EventKind<Data extends z.ZodObject = z.ZodObject> {
  /** When it is written, as a sentence. */
  when: string;
  /** What it says. A field that is not named here is refused. */
  data: Data;
  example: z.infer<Data>;
}

/** Describes a type of domain event. */
export function eventKind<const Shape extends z.ZodRawShape>(
  when: string,
  shape: Shape,
  example: z.infer<z.ZodObject<Shape>>,
): EventKind<z.ZodObject<Shape, z.core.$strict>> {
  return { when, data: z.strictObject(shape), example };
}

export const Id = z.uuid();
export const LicenseId = z.string().regex(/^lic_\d+$/, 'must be the id of a license');
export const InstantText = z.iso.datetime();
export const DateText = z.iso.date();
export const Count = z.int().min(0);

/** Ids that the examples share, so that they read as one story. */
export const EXAMPLE = {
  contract_id: '0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f',
  job_id: '0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a',
  customer_id: '0197a3c2-7a31-7b22-9f63-5c8d0e1f2a4b',
  amendment_id: '0197a3c2-8b42-7c33-8a74-6d9e1f2a3b5c',
  operation_id: '0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e',
  license_id: 'lic_16777217',
} as const;
