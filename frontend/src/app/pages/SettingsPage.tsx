import { Tokens } from '@/features/settings/components/Tokens';
import { WorkspacePanel } from '@/features/settings/components/WorkspacePanel';
import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';

import css from './pages.module.css';

export function SettingsPage() {
  useTitle('Settings');
  return (
    <>
      <PageHead title="Settings" />
      <div className={css.stack}>
        <WorkspacePanel />
        <Tokens />
      </div>
    </>
  );
}
