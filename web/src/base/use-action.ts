/** A write that a person starts: its progress, its refusal, and what is read again afterwards. */
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { baseTexts } from './base-texts';
import { gated } from './gate';
import { useTexts } from './texts';
import { useSingleMutation } from './use-single-mutation';

interface ActionOptions<Input, Result> {
  send: (input: Input) => Promise<Result>;
  /** What is shown when the server has said that it is done. */
  done?: ((result: Result, input: Input) => string) | undefined;
  onDone?: ((result: Result, input: Input) => void) | undefined;
}

/** `error` stays until the next try. Every list and resource that is shown is read again after a success. */
export function useAction<Input, Result>({ send, done, onDone }: ActionOptions<Input, Result>) {
  const queries = useQueryClient();
  const t = useTexts(baseTexts);
  return useSingleMutation({
    mutationFn: (input: Input) => gated(() => send(input)),
    onSuccess: async (result: Result, input: Input) => {
      if (done)
        notifications.show({
          message: done(result, input),
          color: 'green',
          closeButtonProps: { 'aria-label': t('action.close') },
        });
      onDone?.(result, input);
      await queries.invalidateQueries();
    },
  });
}
