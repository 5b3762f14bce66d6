import { useIdentity } from '@/shared/session';
import { bytes } from '@/shared/format/numbers';
import { Figure, Figures } from '@/shared/ui/Figure';
import { Panel } from '@/shared/ui/Panel';

const ROLES = { viewer: 'looks at everything', editor: 'uploads, runs and draws', admin: 'does everything' };

export function WorkspacePanel() {
  const { session, workspace } = useIdentity();
  const { upload_bytes, workspace_bytes } = session.limits;
  return (
    <Panel title="Workspace">
      <Figures width={150}>
        <Figure name="Name">{workspace?.name ?? 'none'}</Figure>
        {workspace && (
          <Figure name="Your role" note={ROLES[workspace.role]}>
            {workspace.role}
          </Figure>
        )}
        <Figure name="Signed in as" note={session.user?.email}>
          {session.user?.username}
        </Figure>
        {upload_bytes !== undefined && <Figure name="Largest upload">{bytes(upload_bytes)}</Figure>}
        {workspace_bytes !== undefined && <Figure name="Storage quota">{bytes(workspace_bytes)}</Figure>}
      </Figures>
    </Panel>
  );
}
