/**
 * `allowed_actions` of a resource: for each action whether this caller can carry it out now, so that neither a page nor a script
 * has to guess.
 *
 * The domain says what the resource allows, the table of permissions who may call the action's operation; the role is judged
 * first, as it is when the action is carried out (decisions 6).
 */
import type { Caller } from '../../domain/access/caller';
import { mayCall } from '../../domain/access/permission';
import type { OperationId } from '../../domain/access/permission';
import type { Allowed, RefusalCode } from '../../domain/base/refusal';
import type { ProtocolCode } from './problem';
import { z } from './zod';

/** An action upon a resource, and the operation that carries it out. */
export interface Action {
  operation_id: OperationId;
  description: string;
}

/** The actions upon one kind of resource. */
export interface ActionTable<Name extends string> {
  actions: Readonly<Record<Name, Action>>;
  shape: z.ZodObject<Record<Name, typeof AllowedActionShape>>;
  /** What the resource allows, as far as the caller may ask for it. */
  present(allowed: Readonly<Record<Name, Allowed>>, caller: Caller): Record<Name, PresentedAction>;
}

/** True, or the code of the refusal. */
export type PresentedAction = true | { code: RefusalCode | ProtocolCode };

export const AllowedActionShape = z
  .union([z.literal(true), z.object({ code: z.string().describe('The code of the refusal') })])
  .describe('true: it can be carried out now; else the code of its refusal, because of the role first')
  .openapi('AllowedAction');

/** Declares the actions upon a kind of resource: `name` is that of its schema. */
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
        'What this caller can do with it now: true, or the code that every such request is answered with. A request can still be refused for what it asks for, or because of the catalogue, another contract or the number of test licenses that exist. What already holds is true: asking again changes nothing. An answer that is repeated for its Idempotency-Key shows what held when it was first given.',
      )
      .openapi(name),
    present(allowed, caller) {
      const shown = (action: Name): PresentedAction => {
        if (!mayCall(caller, actions[action].operation_id)) return { code: 'FORBIDDEN_ROLE' };
        const answer = allowed[action];
        return answer === true || { code: answer };
      };
      return Object.fromEntries(names.map((action) => [action, shown(action)])) as Record<Name, PresentedAction>;
    },
  };
}
