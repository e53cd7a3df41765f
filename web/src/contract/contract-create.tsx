/** Creates a contract. */
import { useSearch } from '@tanstack/react-router';
import { ContractFormView } from './contract-form-view';
import { ENVIRONMENTS } from './states';

/** The environment comes from the list: products of other environments are not offered. */
export default function ContractCreatePage() {
  const { environment }: Readonly<Record<string, string | undefined>> = useSearch({ strict: false });
  const known = ENVIRONMENTS.find((name) => name === environment) ?? 'production';
  return <ContractFormView key={known} environment={known} />;
}
