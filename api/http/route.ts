/**
 * A route: one declaration that defines the path, the shapes, the documentation and the behaviour. The table of permissions
 * (domain/access/permission.ts) says who may call it, under the name of its operation.
 *
 * A handler gets a parsed and authorized request, calls the layers below, and presents the result. It returns an answer or a
 * refusal. Only unexpected errors throw.
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
import type { Browser } from '../../transactions/access/session';
import type { Credential } from '../../transactions/generation/license-request';
import type { Sql } from '../../db/base/database';
import type { AnswerField } from './answer-fields';
import type { Api } from './api';
import type { ClientStream } from './client-stream';
import type { StreamKind } from './open-streams';
import type { ProtocolCode } from './problem';

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** The response of a handler. */
export interface Answer {
  status: number;
  body?: unknown;
  /** A page, in place of `body`. */
  html?: string;
  headers?: Record<string, string>;
  /** The body for repetitions with the same Idempotency-Key, in place of `body`. Secrets that are shown once are null in it. */
  replay_body?: JsonObject;
  /** Workflows to wake after the commit. */
  nudge?: Nudge;
  /** Writes the body itself: CSV files and progress streams. */
  stream?: (stream: ClientStream) => Promise<void>;
}

/** The input of a handler. */
export interface HandlerRequest<Params, Query, Body, CallerKind extends Caller = KnownCaller> {
  api: Api;
  params: Params;
  query: Query;
  body: Body;
  /** The bytes of the body of a route with `raw_body`; else empty. */
  raw_body: Buffer;
  /** The bytes of the file of a route with `file_body`, decompressed, as they arrive; else empty. */
  file: AsyncIterable<Buffer>;
  /** The headers of a request with `raw_body` by lower-case name; else empty. */
  headers: Readonly<Record<string, string | undefined>>;
  caller: CallerKind;
  /** Null for an operation without a known caller. */
  actor: CallerKind extends KnownCaller ? Actor : null;
  now: Instant;
  request_id: string;
  /** What identifies the client for limits: its IPv4 address, or its IPv6 network of 64 bits. */
  client: () => string;
  /** For a sign-in: the browser and its session. Throws 403 when a page of another site sent the request. */
  browser: () => Browser;
  /** For the end of a sign-in at the identity provider, whose site sends the browser back: the browser, and a cookie of it. */
  returned: () => { browser: Browser; cookie: (name: string) => string | undefined };
  /** For a route with `checks_caller`: the key that its statement checks, and a function that confirms the caller otherwise. Else null. */
  credential: Credential | null;
  /** The revision in `If-Match`, if the request has one. */
  expected_revision: number | undefined;
  /** The `Idempotency-Key` with the fingerprint of the request. */
  idempotency: IdempotentRequest | null;
  /**
   * Runs a write in one transaction. A repeated Idempotency-Key gets the stored response of the first request. `rows` are the rows
   * that the write locks; by default the row that the path names by its id.
   */
  write: (run: (tx: Sql) => Promise<Answer | Refusal>, rows?: readonly LockedRow[]) => Promise<Answer | Refusal>;
  /** Runs the same write and rolls it back. */
  dryRun: (run: (tx: Sql) => Promise<Answer | Refusal>, rows?: readonly LockedRow[]) => Promise<Answer | Refusal>;
}

/** One possible response, for the OpenAPI document. */
export interface AnswerShape {
  description: string;
  schema?: ZodType;
  /** Media type other than JSON. */
  media_type?: string;
  /** Header fields besides those that follow from the form of the route (answer-fields.ts). */
  headers?: readonly AnswerField[];
}

type Shape = ZodObject | undefined;
type Parsed<S extends Shape> = S extends ZodObject ? zod.infer<S> : Record<string, never>;

/** Bodies that a reader of the documentation can send as they are, apart from ids, each named by what it does. */
export type Examples<B extends ZodType | undefined> = B extends ZodType ? Record<string, zod.input<B>> : never;

export interface RouteSpec<
  P extends Shape,
  Q extends Shape,
  B extends ZodType | undefined,
  Id extends OperationId = OperationId,
> {
  /** The function name in generated clients: a verb and its object. Unique among the routes. */
  operation_id: Id;
  method: Method;
  /** Express path with `:params`, from the origin. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * The SQL statement of the handler checks the caller's key, so the caller may come from a cache that is up to a second old. A
   * handler that responds without that statement must call `credential.confirm()` first.
   */
  checks_caller?: true;
  /** The field of the body that identifies a repeated request. The route then reads no `Idempotency-Key`. */
  repeated_by?: string;
  params?: P;
  query?: Q;
  body?: B;
  /** Required for routes with `body`. The page at `/docs` fills in the first one. */
  examples?: Examples<B>;
  /** The only media types of the body that are accepted; `application/json` by default. */
  body_types?: readonly string[];
  /** Required for routes that respond with `stream`. Streams are limited in number, and end when the caller loses access. */
  stream?: StreamKind;
  /** Whether the request can have no body. */
  body_optional?: boolean;
  /**
   * In place of `body`: the body is accepted as bytes of any media type, so that the handler can verify a signature over them. The
   * schema, the examples and the headers are only for the OpenAPI document.
   */
  raw_body?: { description: string; schema: ZodType; examples: Examples<ZodType>; headers: ZodObject };
  /** In place of `body`: the body is a file of these media types that the handler reads as it arrives, however large it is. */
  file_body?: { description: string; media_types: readonly string[]; example: string };
  /**
   * The answer to a read is the same for everyone, and can be cached for so many seconds. It has an `ETag`, and is 304 for a client that
   * has it (`If-None-Match`). Without this, no answer may be stored.
   */
  cached_s?: number;
  answers: Record<number, AnswerShape>;
  /** The page for a browser, in its languages, in place of the problem `NOT_FOUND`: for links that people open. */
  not_found_page?: (languages: readonly string[]) => string;
  /** Refusal codes for the OpenAPI document, in addition to those that every route has. */
  refusals?: (ProtocolCode | Refusal['code'])[];
  /** The audit actions that a successful call writes; empty for routes that only read. */
  audit: string[];
  handle: (
    request: HandlerRequest<Parsed<P>, Parsed<Q>, B extends ZodType ? zod.infer<B> : undefined, CallerOf<Id>>,
  ) => Promise<Answer | Refusal>;
}

/** A route whose types were checked at its declaration. Only the endpoint creates the input of its handler. */
export interface Route extends Omit<
  RouteSpec<ZodObject | undefined, ZodObject | undefined, ZodType | undefined>,
  'handle'
> {
  handle: (request: never) => Promise<Answer | Refusal>;
}

/** Declares a route. The input types of the handler follow from its shapes. */
export function route<
  Id extends OperationId,
  P extends Shape = undefined,
  Q extends Shape = undefined,
  B extends ZodType | undefined = undefined,
>(spec: RouteSpec<P, Q, B, Id>): Route {
  return spec;
}
