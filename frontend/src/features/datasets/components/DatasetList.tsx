import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';

import type { Dataset } from '@/shared/api/types';
import { bytes, plural } from '@/shared/format/numbers';
import { ago, moment } from '@/shared/format/time';
import { useIdentity } from '@/shared/session';
import { CheckBadge } from '@/shared/ui/CheckBadge';
import lists from '@/shared/ui/lists.module.css';
import { Empty, LoadError, Loading } from '@/shared/ui/states';
import { UploadArea } from '@/shared/ui/UploadArea';

import { datasetsQuery, useUploadDataset } from '../api/datasets';
import { layoutName, READ } from '../model/layouts';

export function DatasetList() {
  const { canEdit, session } = useIdentity();
  const [fraction, setFraction] = useState(0);
  const upload = useUploadDataset(setFraction);
  const query = useQuery(datasetsQuery);
  const most = session.limits.upload_bytes;
  return (
    <>
      {canEdit && (
        <UploadArea
          label="Upload a dataset"
          accept=".zip"
          hint={<Hint most={most} />}
          busy={upload.isPending}
          fraction={fraction}
          error={upload.error}
          onFile={(file, signal) => {
            setFraction(0);
            upload.mutate({ file, signal });
          }}
        />
      )}
      {query.isPending && <Loading what="the datasets" />}
      {query.isError && !query.data && (
        <LoadError what="The datasets" error={query.error} retry={() => void query.refetch()} />
      )}
      {query.data?.length === 0 && (
        <Empty title="No datasets yet">Upload a zip of images with their labels.</Empty>
      )}
      {query.data && query.data.length > 0 && (
        <ul className={lists.rows}>
          {query.data.map((dataset) => (
            <li key={dataset.id}>
              <div>
                <Link to="/datasets/$datasetId" params={{ datasetId: dataset.id }}>
                  {dataset.name}
                </Link>
                <p>{about(dataset)}</p>
              </div>
              <time dateTime={dataset.created_at} title={moment(dataset.created_at)}>
                {ago(dataset.created_at)}
              </time>
              <CheckBadge state={dataset.state} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Hint({ most }: { most: number | undefined }) {
  return (
    <>
      A zip of images with their labels{most ? `, up to ${bytes(most)}` : ''}:{' '}
      {READ.map(({ task, layouts }, i) => (
        <Fragment key={task}>
          {i > 0 && '; '}
          {layouts} (<b>{task}</b>)
        </Fragment>
      ))}
      . It is checked as soon as it is here. You can also drop it onto this field.
    </>
  );
}

function about({ state, report, problems, builtin, size_bytes }: Dataset): string {
  if (state === 'checking') return 'Its files are being read and counted.';
  if (state === 'rejected') return problems[0]?.message ?? 'It can’t be used.';
  const parts = report
    ? [plural(report.images, 'image'), plural(report.classes.length, 'class', 'classes'), report.task]
    : [];
  if (report) parts.push(layoutName(report.layout));
  if (!builtin && size_bytes !== null) parts.push(bytes(size_bytes));
  const warnings = problems.length || (report?.problems.length ?? 0);
  if (warnings > 0) parts.push(plural(warnings, 'warning'));
  return parts.join(' · ');
}
