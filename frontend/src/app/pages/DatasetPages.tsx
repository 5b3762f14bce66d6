import { useParams } from '@tanstack/react-router';

import { DatasetDetail } from '@/features/datasets/components/DatasetDetail';
import { DatasetList } from '@/features/datasets/components/DatasetList';
import { useTitle } from '@/shared/hooks/useTitle';
import { PageHead } from '@/shared/ui/Panel';

export function DatasetsPage() {
  useTitle('Datasets');
  return (
    <>
      <PageHead title="Datasets">
        What networks learn from, split in four: training, search, calibration and test.
      </PageHead>
      <DatasetList />
    </>
  );
}

export function DatasetPage() {
  const { datasetId } = useParams({ from: '/datasets/$datasetId' });
  return <DatasetDetail id={datasetId} key={datasetId} />;
}
