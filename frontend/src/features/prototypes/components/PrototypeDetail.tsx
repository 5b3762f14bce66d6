import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';

import type { Prototype } from '@/shared/api/types';
import { moment } from '@/shared/format/time';
import { useTitle } from '@/shared/hooks/useTitle';
import { useIdentity } from '@/shared/session';
import { CheckBadge } from '@/shared/ui/CheckBadge';
import { DeleteButton } from '@/shared/ui/DeleteButton';
import lists from '@/shared/ui/lists.module.css';
import { PageHead } from '@/shared/ui/Panel';
import { Problems } from '@/shared/ui/Problems';
import { LoadError, Loading } from '@/shared/ui/states';

import { prototypeQuery, useDeletePrototype } from '../api/prototypes';
import { InspectionReport } from './InspectionReport';

export function PrototypeDetail({ id }: { id: string }) {
  const query = useQuery(prototypeQuery(id));
  const prototype = query.data;
  useTitle(prototype?.name ?? 'Prototype');
  return (
    <>
      <Link to="/prototypes" className={lists.crumb}>
        ← Prototypes
      </Link>
      {prototype ? (
        <Loaded prototype={prototype} />
      ) : (
        <>
          <PageHead title="Prototype" />
          {query.isError ? (
            <LoadError what="The prototype" error={query.error} retry={() => void query.refetch()} />
          ) : (
            <Loading what="the prototype" />
          )}
        </>
      )}
    </>
  );
}

function Loaded({ prototype }: { prototype: Prototype }) {
  const { canEdit } = useIdentity();
  const remove = useDeletePrototype();
  const navigate = useNavigate();
  return (
    <>
      <PageHead
        title={prototype.name}
        aside={
          canEdit &&
          prototype.source !== 'zoo' && (
            <DeleteButton
              what={prototype.name}
              consequence="Its file is deleted. Runs that used it stay, with their generators."
              busy={remove.isPending}
              error={remove.error}
              onDelete={() => {
                remove.mutate(prototype.id, { onSuccess: () => void navigate({ to: '/prototypes' }) });
              }}
            />
          )
        }
      >
        {prototype.source === 'zoo'
          ? `Built in, for ${prototype.task}; trained on your dataset when a run starts`
          : `Uploaded ${moment(prototype.created_at)}`}
      </PageHead>
      <div className={lists.stack}>
        <div>
          <CheckBadge state={prototype.state} />
        </div>
        {prototype.state === 'checking' && <Loading what="the check’s result" />}
        <Problems problems={prototype.problems} />
        {prototype.report && <InspectionReport report={prototype.report} />}
      </div>
    </>
  );
}
