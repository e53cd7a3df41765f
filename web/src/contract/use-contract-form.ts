/** The state of the form of a contract: its values, the check, the request, and the conflict of an edit. */
import { useForm } from '@mantine/form';
import { useEffect, useRef, useState } from 'react';
import { useSession } from '../access/session';
import { baseTexts } from '../base/base-texts';
import { conflictFields, mergeFields, sameValue } from '../base/conflict-fields';
import type { Choices } from '../base/conflict-fields';
import { useDraft, useFoundDraft } from '../base/draft';
import { gated } from '../base/gate';
import { useIdempotencyKey } from '../base/idempotency';
import { isRefusal } from '../base/problem';
import { useTexts } from '../base/texts';
import { useAction } from '../base/use-action';
import { useSingleMutation } from '../base/use-single-mutation';
import { bodyOfContract, NEW_CONTRACT } from './contract-body';
import type { ContractBody } from './contract-body';
import { bodyOf, valuesOf } from './contract-form';
import type { ContractFormValues } from './contract-form';
import { errorsByField } from './form-errors';
import { createContract, editContract, readContract } from './form-requests';
import { formTexts } from './form-texts';
import type { Contract } from './states';

const OBJECT_EXAMPLE = '{"sso": true}';

/** `opened` is the contract as it was when the form was opened; undefined for a new one. */
export function useContractFormState(opened: Contract | undefined, onSaved: (contract: Contract) => void) {
  const t = useTexts(formTexts);
  const base = useTexts(baseTexts);
  const { id: admin_id } = useSession().admin;
  const draftName = { admin_id, form: opened ? `contracts/${opened.id}/edit` : 'contracts/new' };
  const found = useFoundDraft<{ revision: number | undefined; values: ContractFormValues }>(draftName);
  const usable = found !== undefined && found.revision === opened?.revision ? found.values : undefined;
  // The contract that the edit is for. After a conflict it is the one that the other has saved.
  const [before, setBefore] = useState(opened);
  const [theirs, setTheirs] = useState<Contract>();
  const [checked, setChecked] = useState<Contract>();
  const [tries, setTries] = useState(0);
  const keyFor = useIdempotencyKey();
  const initial = valuesOf(before ? bodyOfContract(before) : NEW_CONTRACT);
  const form = useForm<ContractFormValues>({ initialValues: usable ?? initial });
  const changed = !sameValue(form.values, initial);
  const unsaved = useRef(false);
  useEffect(() => {
    unsaved.current = changed;
  }, [changed]);
  useDraft(draftName, changed ? { revision: before?.revision, values: form.values } : undefined);

  function fail(error: unknown): void {
    if (before && isRefusal(error, 'REVISION_CONFLICT')) return conflict.mutate(before.id);
    form.setErrors(errorsByField(error));
    setTries((count) => count + 1);
  }
  const send = (body: ContractBody, dry_run: boolean): Promise<Contract> => {
    const sent = { body, quota_label: form.values.quota_label };
    if (before) return editContract(before, sent, dry_run);
    return createContract(sent, dry_run ? { dry_run } : { key: keyFor(body) });
  };
  const conflict = useSingleMutation({
    mutationFn: (id: string) => gated(() => readContract(id)),
    onSuccess: setTheirs,
  });
  const check = useSingleMutation({
    mutationFn: (body: ContractBody) => gated(() => send(body, true)),
    onSuccess: setChecked,
    onError: fail,
  });
  const save = useAction({
    send: (body: ContractBody) => send(body, false),
    done: () => t(before ? 'saved' : 'created'),
    onDone: (contract) => {
      unsaved.current = false;
      onSaved(contract);
    },
  });

  /** Passes the body on, or shows the fields from which none can be made. */
  function start(run: (body: ContractBody) => void): void {
    setChecked(undefined);
    check.reset();
    save.reset();
    form.clearErrors();
    const { body, errors } = bodyOf(form.values);
    if (Object.keys(errors).length === 0) return run(body);
    form.setErrors(
      Object.fromEntries(
        Object.entries(errors).map(([path, error]) => [
          path,
          error === 'required' ? base('required') : t('not_an_object', { example: OBJECT_EXAMPLE }),
        ]),
      ),
    );
    setTries((count) => count + 1);
  }

  /** Goes on with the chosen values, for the contract that the other has saved. */
  function choose(choices: Choices): void {
    if (!theirs) return;
    const merged = mergeFields(bodyOf(form.values).body, { ...bodyOfContract(theirs) }, choices);
    form.setValues({ ...valuesOf(merged), quota_label: form.values.quota_label });
    setBefore(theirs);
    setTheirs(undefined);
    save.reset();
    check.reset();
  }

  return {
    form,
    before,
    changed,
    unsaved,
    tries,
    restored: usable !== undefined,
    discard: () => form.setValues(initial),
    check: () => start((body) => check.mutate(body)),
    save: () => start((body) => save.mutate(body, { onError: fail })),
    checked,
    checking: check.isPending,
    saving: save.isPending,
    error: save.error ?? check.error ?? conflict.error,
    differences:
      before &&
      theirs &&
      conflictFields({ ...bodyOfContract(before) }, { ...bodyOf(form.values).body }, { ...bodyOfContract(theirs) }),
    theirs,
    choose,
    closeConflict: () => setTheirs(undefined),
  };
}
