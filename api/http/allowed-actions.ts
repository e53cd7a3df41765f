/**
 * `allowed_actions` of a resource: for each action, whether this caller can run it now. Pages and scripts do not have to guess.
 *
 * The domain decides what the resource allows. The table of permissions decides who may call the action's operation. The role is
 * checked first, in the same order as when the action runs (decisions 6).
 */
import type { Caller } from '../../domain/access/caller';
import { mayCall } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import type { Allowed, RefusalCode } from '../../domain/base/refusal';
import type { ProtocolCode } from './problem';
import { z } from './zod';

/** An action on a resource, and the operation that runs it. */
export interface Action {
  operation_id: OperationId;
  description: string;
}

/** The actions on one kind of resource. */
export interface ActionTable<Name extends string> {
  actions: Readonly<Record<Name, Action>>;
  shape: z.ZodObject<Record<Name, typeof AllowedActionShape>>;
  /** What the resource allows this caller to do. */
  present(allowed: Readonly<Record<Name, Allowed>>, caller: Caller): Record<Name, PresentedAction>;
}

/** `true`, or the code of the refusal. */
export type PresentedAction = true | { code: RefusalCode | ProtocolCode };

export const AllowedActionShape = z
  .union([z.literal(true), z.object({ code: z.string().describe('The code of the refusal') })])
  .describe('true: the action is possible now; otherwise the code of the refusal (the role is checked first)')
  .openapi('AllowedAction', { example: true });

/** Declares the actions on one kind of resource. `name` is the name of the schema in the OpenAPI document. */
export function actionTable<Name extends string>(
  name: string,
  actions: Readonly<Record<Name, Action>>,
): ActionTable<Name> {
  const names = Object.keys(actions) as Name[];
  const shape = Object.fromEntries(
    names.map((action) => [
      action,
      AllowedActionShape.describe(`${actions[action].description}: ${actions[action].operation_id}`),
    ]),
  ) as Record<Name, typeof AllowedActionShape>;
  return {
    actions,
    shape: z
      .object(shape)
      .describe(
        'What this caller can do with the resource now. For each action: true, or the code with which every such request is refused. A request can still be refused because of its values, the catalogue, another contract, or the number of existing test licenses. An action whose effect is already in place is true: repeating it changes nothing. A response that is replayed for its Idempotency-Key shows the values of the first response.',
      )
      .openapi(name),
    present(allowed, caller) {
      const presentOne = (action: Name): PresentedAction => {
        if (!mayCall(caller, actions[action].operation_id)) return { code: forbiddenCode(caller) };
        const outcome = allowed[action];
        return outcome === true || { code: outcome };
      };
      return Object.fromEntries(names.map((action) => [action, presentOne(action)])) as Record<Name, PresentedAction>;
    },
  };
}

function forbiddenCode(caller: Caller): ProtocolCode {
  return caller.kind === 'contract' ? 'FORBIDDEN_CALLER' : 'FORBIDDEN_ROLE';
}
