import type { CheckState } from '@/shared/api/types';

import { Badge } from './Badge';

/** Whether an upload passed its check. */
export function CheckBadge({ state }: { state: CheckState }) {
  if (state === 'checking')
    return (
      <Badge tone="active" moving>
        Checking
      </Badge>
    );
  if (state === 'rejected') return <Badge tone="bad">Rejected</Badge>;
  return <Badge tone="good">Ready</Badge>;
}
