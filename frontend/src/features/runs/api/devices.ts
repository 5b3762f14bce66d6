import { queryOptions } from '@tanstack/react-query';

import { api, unwrap } from '@/shared/api/client';
import type { Page, TargetDevice } from '@/shared/api/types';

/** The devices that latency and energy can be required on; they change when an operator adds a profile. */
export const devicesQuery = queryOptions({
  queryKey: ['devices'],
  queryFn: async ({ signal }) => {
    const query = { page_size: 200 };
    const page = await unwrap<Page<TargetDevice>>(api.GET('/api/v1/devices/', { params: { query }, signal }));
    return page.results;
  },
  staleTime: 10 * 60_000,
});
