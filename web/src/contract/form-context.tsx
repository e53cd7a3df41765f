/** What the fields of the form of a contract share: values, errors, labels, help, and why a field cannot be changed. */
import type { GetInputPropsReturnType, UseFormReturnType } from '@mantine/form';
import { createContext, useContext } from 'react';
import type { ReactNode } from 'react';
import { useReason } from '../base/allowed-button';
import { useTexts } from '../base/texts';
import type { ContractFormValues } from './contract-form';
import { fieldTexts } from './field-texts';
import type { FieldName } from './field-names';
import { formTexts } from './form-texts';
import { helpTexts } from './help-texts';
import { lockOf } from './locks';
import type { Contract } from './states';

export type ContractForm = UseFormReturnType<ContractFormValues>;

interface FormContextValue {
  form: ContractForm;
  /** The contract that is edited; undefined for a new one. */
  contract: Contract | undefined;
}

const FormContext = createContext<FormContextValue | undefined>(undefined);
export const ContractFormProvider = FormContext.Provider;

export function useContractForm(): FormContextValue {
  const value = useContext(FormContext);
  if (value === undefined) throw new Error('a field of a contract stands outside the form');
  return value;
}

/** Everything about a field but its value. */
interface FieldFrame {
  id: string;
  label: string;
  description: ReactNode;
  error: ReactNode;
  disabled: boolean;
}

/** For fields that show their value in a way of their own. */
export function useFieldFrame(): (name: FieldName) => FieldFrame {
  const { form, contract } = useContractForm();
  const label = useTexts(fieldTexts);
  const help = useTexts(helpTexts);
  const t = useTexts(formTexts);
  const reasonOf = useReason();
  return (name) => {
    const lock = lockOf(name, contract);
    const reason = lock === 'fixed' ? t('fixed') : lock === undefined ? undefined : reasonOf(lock);
    return {
      id: fieldId(name),
      label: label(name),
      description: reason ?? (name in helpTexts.messages.en ? help(name as never) : undefined),
      error: form.errors[name],
      disabled: reason !== undefined,
    };
  };
}

/** The properties of a field whose value has the same path in the form. */
export function useField(): (name: FieldName, type?: 'input' | 'checkbox') => GetInputPropsReturnType & FieldFrame {
  const { form } = useContractForm();
  const frame = useFieldFrame();
  return (name, type = 'input') => ({ ...form.getInputProps(name, { type }), ...frame(name) });
}

/** The id of the element, to which the summary of errors leads. */
export function fieldId(name: string): string {
  return `field-${name}`;
}
