import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';

import type { Dataset } from '@/shared/api/types';
import { bytes } from '@/shared/format/numbers';
import { moment } from '@/shared/format/time';
import { useTitle } from '@/shared/hooks/useTitle';
import { useIdentity } from '@/shared/session';
import { CheckBadge } from '@/shared/ui/CheckBadge';
import { DeleteButton } from '@/shared/ui/DeleteButton';
import lists from '@/shared/ui/lists.module.css';
import { PageHead } from '@/shared/ui/Panel';
import { Problems } from '@/shared/ui/Problems';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

import { datasetQuery, useDeleteDataset } from '../api/datasets';
import { HealthReport } from './HealthReport';

export function DatasetDetail({ id }: { id: string }) {
  const query = useQuery(datasetQuery(id));
  const dataset = query.data;
  useTitle(dataset?.name ?? 'Dataset');
  return (
    <>
      <Link to="/datasets" className={lists.crumb}>
        ← Datasets
      </Link>
      {dataset ? (
        <Loaded dataset={dataset} />
      ) : (
        <>
          <PageHead title="Dataset" />
          {query.isError ? (
            <LoadError what="The dataset" error={query.error} retry={() => void query.refetch()} />
          ) : (
            <Loading what="the dataset" />
          )}
        </>
      )}
    </>
  );
}

function Loaded({ dataset }: { dataset: Dataset }) {
  const { canEdit } = useIdentity();
  const remove = useDeleteDataset();
  const navigate = useNavigate();
  const { report, problems } = dataset;
  const found = problems.length > 0 ? problems : (report?.problems ?? []);
  return (
    <>
      <PageHead
        title={dataset.name}
        aside={
          canEdit &&
          !dataset.builtin && (
            <DeleteButton
              what={dataset.name}
              consequence="Its files are deleted. Runs that used it stay, with their generators."
              busy={remove.isPending}
              error={remove.error}
              onDelete={() => {
                remove.mutate(dataset.id, { onSuccess: () => void navigate({ to: '/datasets' }) });
              }}
            />
          )
        }
      >
        {dataset.builtin
          ? 'Built in'
          : `${bytes(dataset.size_bytes)}, uploaded ${moment(dataset.created_at)}`}
      </PageHead>
      <div className={lists.stack}>
        <div>
          <CheckBadge state={dataset.state} />
        </div>
        {dataset.state === 'checking' && <Loading what="the check’s result" />}
        <Problems problems={found} />
        {dataset.state === 'ready' && !report && (
          <Empty title="No health report">
            {dataset.builtin
              ? 'This dataset is built in and known to be sound: it was not checked. Use it as it is.'
              : 'Upload it again to have it checked.'}
          </Empty>
        )}
        {report && <HealthReport report={report} sha256={dataset.sha256} />}
      </div>
    </>
  );
}
