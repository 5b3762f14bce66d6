import { Link } from '@tanstack/react-router';

import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';

export function NotFound() {
  useTitle('Not found');
  return (
    <PageHead title="There is no page here">
      The address may be mistyped, or what it showed was deleted. <Link to="/">Go to the runs</Link>.
    </PageHead>
  );
}
