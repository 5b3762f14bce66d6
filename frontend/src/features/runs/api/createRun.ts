import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';

import { api, unwrap } from '@/shared/api/client';
import type { Run, RunCreate } from '@/shared/api/types';
import { uniqueKey } from '@/shared/api/uniqueKey';

/**
 * Creates a run. The same body keeps its Idempotency-Key until it got through, so that pressing twice, or
 * again after a lost answer, starts one run.
 */
export function useCreateRun() {
  const client = useQueryClient();
  const attempt = useRef({ body: '', key: '' });
  return useMutation({
    mutationFn: (body: RunCreate) => {
      const text = JSON.stringify(body);
      if (attempt.current.body !== text) attempt.current = { body: text, key: uniqueKey() };
      return unwrap<Run>(
        api.POST('/api/v1/runs/', {
          body: body as never,
          params: { header: { 'Idempotency-Key': attempt.current.key } },
        }),
      );
    },
    onSuccess: (run) => {
      attempt.current = { body: '', key: '' };
      client.setQueryData(['run', run.id], run);
      return client.invalidateQueries({ queryKey: ['runs'] });
    },
  });
}
