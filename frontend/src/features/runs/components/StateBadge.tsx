import type { Run } from '@/shared/api/types';
import { Badge } from '@/shared/ui/Badge';

import { standing } from '../model/words';

export function StateBadge({ run }: { run: Run }) {
  const { name, tone, moving } = standing(run);
  return (
    <Badge tone={tone} moving={moving}>
      {name}
    </Badge>
  );
}
