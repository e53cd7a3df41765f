/** Chooses a product of any environment. The interface searches while one types. */
import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { api, read } from '../base/client';
import { useTexts } from '../base/texts';
import { generatorTexts } from './generator-texts';
import { ENVIRONMENTS } from './states';
import { catalogueTexts } from './texts';

interface ProductSelectProps {
  value?: string;
  error?: ReactNode;
  onChange?: (value: string | null) => void;
}

const DEBOUNCE_MS = 250;
const SHOWN_MAX = 20;

export function ProductSelect({ value = '', error, onChange }: ProductSelectProps) {
  const t = useTexts(generatorTexts);
  const c = useTexts(catalogueTexts);
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text, DEBOUNCE_MS);
  const lists = useQueries({
    queries: ENVIRONMENTS.map((environment) => {
      const query = { environment, limit: SHOWN_MAX, ...(search === '' ? {} : { search }) };
      return {
        queryKey: ['products', query],
        queryFn: () => read(api.GET('/api/v1/products', { params: { query } })),
        placeholderData: keepPreviousData,
      };
    }),
  });
  // The chosen product is named, also when the search does not find it.
  const chosen = useQuery({
    queryKey: ['products', value],
    queryFn: () => read(api.GET('/api/v1/products/{id}', { params: { path: { id: value } } })),
    enabled: value !== '',
  }).data;
  const found = lists.flatMap(({ data }) => data?.data ?? []);
  const products = chosen && !found.some(({ id }) => id === chosen.id) ? [chosen, ...found] : found;
  return (
    <Select
      label={c('product')}
      description={t('product_text')}
      required
      searchable
      nothingFoundMessage={t('no_product')}
      data={ENVIRONMENTS.map((environment) => ({
        group: c(environment),
        items: products
          .filter((product) => product.environment === environment)
          .map((product) => ({ value: product.id, label: labelOf(product) })),
      })).filter(({ items }) => items.length > 0)}
      value={value === '' ? null : value}
      error={error}
      filter={({ options }) => options}
      onSearchChange={(typed) => {
        // Choosing a product writes its name into the field: that is no search.
        setText(products.some((product) => labelOf(product) === typed) ? '' : typed);
      }}
      onChange={(id) => onChange?.(id ?? '')}
    />
  );
}

function labelOf({ name, code }: { name: string; code: string }): string {
  return `${name} (${code})`;
}
