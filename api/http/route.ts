/**
 * A route: one declaration from which come the path, its shapes, its documentation and its behaviour. Who may call it is in the
 * table of permissions (domain/access/permission.ts), under the name of its operation.
 *
 * A handler is four lines of thought: it gets what was parsed and authorized, calls, and presents. It answers with a value
 * or a refusal; only surprises throw.
 */
import type { ZodObject, ZodType, z as zod } from 'zod';
import type { Actor } from '../../domain/base/actor';
import type { Instant } from '../../domain/base/instant';
import type { JsonObject } from '../../domain/base/json';
import type { Nudge } from '../../domain/contract/nudge';
import type { Refusal } from '../../domain/base/refusal';
import type { Caller, KnownCaller } from '../../domain/access/caller';
import type { CallerOf, OperationId } from '../../domain/access/permission';
import type { LockedRow } from '../../db/base/errors';
import type { IdempotentRequest } from '../../db/base/idempotency';
import type { Credential } from '../../transactions/generation/license-request';
import type { Sql } from '../../db/base/database';
import type { Api } from './api';
import type { ClientStream } from './client-stream';
import type { StreamKind } from './open-streams';
import type { ProtocolCode } from './problem';

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** What a handler answers. */
export interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
  /** What a repetition with the same Idempotency-Key gets instead of `body`: secrets that are shown once are null there. */
  replay_body?: JsonObject;
  /** Workflows to wake once the write is committed. */
  nudge?: Nudge;
  /** Writes the body by itself: CSV and progress streams. */
  stream?: (stream: ClientStream) => Promise<void>;
}

/** What a handler gets. */
export interface HandlerRequest<Params, Query, Body, By extends Caller = KnownCaller> {
  api: Api;
  params: Params;
  query: Query;
  body: Body;
  /** The bytes of the body where the route takes them as they are; else empty. */
  raw_body: Buffer;
  /** The headers of such a request, by lower-case name; else none. */
  headers: Readonly<Record<string, string | undefined>>;
  caller: By;
  /** Null where nobody is known. */
  actor: By extends KnownCaller ? Actor : null;
  now: Instant;
  request_id: string;
  /** For a route with `checks_caller`: what its statement has to check, and what confirms the caller otherwise. Else null. */
  credential: Credential | null;
  /** The revision named by `If-Match`, where there was one. */
  expected_revision: number | undefined;
  /** The `Idempotency-Key`, with what tells a repetition from another request. */
  idempotency: IdempotentRequest | null;
  /**
   * Runs a write in one transaction, and answers a repeated Idempotency-Key from what the first request stored. `rows` are those
   * that it locks; unless given, the one that the path names by its id.
   */
  write: (run: (tx: Sql) => Promise<Answer | Refusal>, rows?: readonly LockedRow[]) => Promise<Answer | Refusal>;
  /** The same without any effect: everything is rolled back. */
  dryRun: (run: (tx: Sql) => Promise<Answer | Refusal>, rows?: readonly LockedRow[]) => Promise<Answer | Refusal>;
}

/** One possible answer, for the document. */
export interface AnswerShape {
  description: string;
  schema?: ZodType;
  /** Media type other than JSON. */
  media_type?: string;
}

type Shape = ZodObject | undefined;
type Parsed<S extends Shape> = S extends ZodObject ? zod.infer<S> : Record<string, never>;

export interface RouteSpec<
  P extends Shape,
  Q extends Shape,
  B extends ZodType | undefined,
  Id extends OperationId = OperationId,
> {
  /** Its name in generated clients, as a function reads: a verb and what it acts on. No two routes have the same. */
  operation_id: Id;
  method: Method;
  /** Express path with `:params`, from the origin on. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * The handler's statement checks the caller's key, so the look-up before it may be a second old, and usually is none. Every
   * answer that does not come from that statement needs `credential.confirm()` first.
   */
  checks_caller?: true;
  params?: P;
  query?: Q;
  body?: B;
  /** Media types of the body besides which none is read; `application/json` unless given. */
  body_types?: readonly string[];
  /** Its answers stay open: their number is bounded, and they end with the caller's access. Every route that answers with `stream` says so. */
  stream?: StreamKind;
  /** Whether the body may be left out altogether. */
  body_optional?: boolean;
  /**
   * In place of `body`: the body is of whoever calls, and is taken as the bytes it came in, whatever their type, so that the
   * handler can check a signature over them. The schema and the headers are for the document alone.
   */
  raw_body?: { description: string; schema: ZodType; headers: ZodObject };
  answers: Record<number, AnswerShape>;
  /** Refusal codes worth telling in the document, besides those every route can give. */
  refusals?: (ProtocolCode | Refusal['code'])[];
  /** The audit actions a successful call writes; empty for routes that only read. */
  audit: string[];
  handle: (
    request: HandlerRequest<Parsed<P>, Parsed<Q>, B extends ZodType ? zod.infer<B> : undefined, CallerOf<Id>>,
  ) => Promise<Answer | Refusal>;
}

/** A route whose shapes were checked where it was declared: only the endpoint makes what its handler takes. */
export interface Route extends Omit<
  RouteSpec<ZodObject | undefined, ZodObject | undefined, ZodType | undefined>,
  'handle'
> {
  handle: (request: never) => Promise<Answer | Refusal>;
}

/** Declares a route; the types of what the handler gets come from its shapes. */
export function route<
  Id extends OperationId,
  P extends Shape = undefined,
  Q extends Shape = undefined,
  B extends ZodType | undefined = undefined,
>(spec: RouteSpec<P, Q, B, Id>): Route {
  return spec;
}
