import { useMutation, useQueryClient } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import type { Run } from '@/shared/api/types';

export type Control = 'pause' | 'resume' | 'cancel';

/** Asks a run to pause, go on or end; the worker then moves its state. */
export function useControlRun(id: string) {
  const client = useQueryClient();
  const params = { path: { id } };
  return useMutation({
    mutationFn: (control: Control) => {
      if (control === 'pause') return unwrap<Run>(api.POST('/api/v1/runs/{id}/pause/', { params }));
      if (control === 'resume') return unwrap<Run>(api.POST('/api/v1/runs/{id}/resume/', { params }));
      return unwrap<Run>(api.POST('/api/v1/runs/{id}/cancel/', { params }));
    },
    onSuccess: (run) => {
      client.setQueryData(['run', id], run);
    },
    onError: () => client.invalidateQueries({ queryKey: ['run', id] }),
  });
}
