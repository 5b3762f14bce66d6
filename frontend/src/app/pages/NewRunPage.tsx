import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';

import { NewRun } from './NewRun';
import css from './pages.module.css';

export function NewRunPage() {
  useTitle('Start a synthesis');
  return (
    <>
      <PageHead title="Start a synthesis">
        Choose what to learn from, what to start from, and what every network must reach.
      </PageHead>
      <div className={css.card}>
        <NewRun />
      </div>
    </>
  );
}
