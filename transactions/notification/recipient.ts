/** Edits recipients of mail. */
import { auditAct } from '../../db/base/audit';
import type { Sql } from '../../db/base/database';
import { findRecipient, updateRecipient } from '../../db/notification/recipient';
import type { ShownRecipient } from '../../db/notification/recipient';
import { changedFields, difference, isEmpty } from '../../domain/base/edit';
import type { Act } from '../../domain/base/edit';
import type { JsonObject } from '../../domain/base/json';
import { notFound, refuse } from '../../domain/base/refusal';
import type { Refusal } from '../../domain/base/refusal';

/** Fields of an edit; a field that is left out stays unchanged. */
export interface RecipientEdit {
  language?: ShownRecipient['language'] | undefined;
  digest?: boolean | undefined;
  /** It gets mail again. */
  status?: 'ok' | undefined;
  unsubscribed?: string[] | undefined;
}

/** Edits a recipient; writes nothing when nothing differs. Refuses with `PERSON_ERASED` when its address was erased. */
export async function editRecipient(
  tx: Sql,
  id: string,
  edit: RecipientEdit,
  act: Act,
): Promise<ShownRecipient | Refusal> {
  const before = await findRecipient(tx, id, { lock: true });
  if (!before) return notFound('notification recipient', id);
  if (before.status === 'erased')
    return refuse('PERSON_ERASED', { kind: 'recipient', erased_at: before.status_at as string });
  const unsubscribed = edit.unsubscribed && [...edit.unsubscribed].sort();
  const changes = changedFields<ShownRecipient, RecipientEdit>(before, { ...edit, unsubscribed });
  if (isEmpty(changes)) return before;
  const unmarked = changes.status === undefined ? {} : { status_at: null, status_note: null };
  await updateRecipient(tx, id, { ...changes, ...unmarked }, act.now);
  const after = (await findRecipient(tx, id)) as ShownRecipient;
  const subject = { subject_type: 'mail_recipient', subject_id: id } as const;
  const differs = difference(auditedFacts(before), auditedFacts(after));
  await auditAct(tx, act, { ...subject, action: 'mail_recipient.updated', ...differs });
  return after;
}

/** What the audit stores: not the address, which can be erased. */
function auditedFacts({ language, digest, status, unsubscribed }: ShownRecipient): JsonObject {
  return { language, digest, status, unsubscribed };
}
