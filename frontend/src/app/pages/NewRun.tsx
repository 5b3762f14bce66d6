import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { datasetsQuery } from '@/features/datasets/api/datasets';
import { prototypesQuery } from '@/features/prototypes/api/prototypes';
import { NewRunForm } from '@/features/runs/components/NewRunForm';
import { Empty, LoadError, Loading } from '@/shared/ui/states';

/** The form with what can be chosen from: datasets and prototypes that passed their check. */
export function NewRun() {
  const datasets = useQuery(datasetsQuery);
  const prototypes = useQuery(prototypesQuery);
  const failed = [datasets, prototypes].find((query) => query.isError && !query.data);

  if (failed)
    return <LoadError what="The choices" error={failed.error} retry={() => void failed.refetch()} />;
  if (!datasets.data || !prototypes.data) return <Loading what="datasets and prototypes" />;
  const usable = {
    datasets: datasets.data.filter(({ state }) => state === 'ready'),
    prototypes: prototypes.data.filter(({ state }) => state === 'ready'),
  };
  if (usable.datasets.length === 0) {
    return (
      <Empty title="No dataset is ready">
        <Link to="/datasets">Upload a dataset</Link> first, or wait until its check is done.
      </Empty>
    );
  }
  if (usable.prototypes.length === 0) {
    return (
      <Empty title="No prototype is ready">
        <Link to="/prototypes">Upload a prototype</Link> first, or wait until its check is done.
      </Empty>
    );
  }
  return <NewRunForm {...usable} />;
}
