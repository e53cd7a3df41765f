/** A mutation that is sent once: a second click before the answer sends nothing. */
import { useMutation } from '@tanstack/react-query';
import type { UseMutationOptions, UseMutationResult } from '@tanstack/react-query';
import { useRef } from 'react';

/** The state of the library changes with the next drawing, which is later than a second click can be. */
export function useSingleMutation<Result, Input>(
  options: UseMutationOptions<Result, Error, Input>,
): UseMutationResult<Result, Error, Input> {
  const running = useRef(false);
  const mutation = useMutation<Result, Error, Input>({
    ...options,
    onSettled: (...given) => {
      running.current = false;
      return options.onSettled?.(...given);
    },
  });
  return {
    ...mutation,
    mutate: (...given) => {
      if (running.current) return;
      running.current = true;
      mutation.mutate(...given);
    },
  };
}
