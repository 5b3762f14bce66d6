import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import type { Prototype } from '@/shared/api/types';
import { count, macs } from '@/shared/format/numbers';
import { ago, moment } from '@/shared/format/time';
import { useIdentity } from '@/shared/session';
import { CheckBadge } from '@/shared/ui/CheckBadge';
import lists from '@/shared/ui/lists.module.css';
import { Empty, LoadError, Loading } from '@/shared/ui/states';
import { UploadArea } from '@/shared/ui/UploadArea';

import { prototypesQuery, useUploadPrototype } from '../api/prototypes';

export function PrototypeList() {
  const { canEdit } = useIdentity();
  const [fraction, setFraction] = useState(0);
  const upload = useUploadPrototype(setFraction);
  const query = useQuery(prototypesQuery);
  return (
    <>
      {canEdit && (
        <UploadArea
          label="Upload a network"
          accept=".onnx,.pt,.pth,.pkl,.h5,.pt2,.safetensors"
          hint="An ONNX file of a convolutional network. Pickled files (.pt, .pth) are refused: they can run code when opened. You can also drop it onto this field."
          busy={upload.isPending}
          fraction={fraction}
          error={upload.error}
          onFile={(file, signal) => {
            setFraction(0);
            upload.mutate({ file, signal });
          }}
        />
      )}
      {query.isPending && <Loading what="the prototypes" />}
      {query.isError && !query.data && (
        <LoadError what="The prototypes" error={query.error} retry={() => void query.refetch()} />
      )}
      {query.data?.length === 0 && (
        <Empty title="No prototypes yet">Upload an ONNX file of a network to start from.</Empty>
      )}
      {query.data && query.data.length > 0 && (
        <ul className={lists.rows}>
          {query.data.map((prototype) => (
            <li key={prototype.id}>
              <div>
                <Link to="/prototypes/$prototypeId" params={{ prototypeId: prototype.id }}>
                  {prototype.name}
                </Link>
                <p>{about(prototype)}</p>
              </div>
              {prototype.source === 'zoo' ? (
                <time>built in</time>
              ) : (
                <time dateTime={prototype.created_at} title={moment(prototype.created_at)}>
                  {ago(prototype.created_at)}
                </time>
              )}
              <CheckBadge state={prototype.state} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function about({ state, problems, task, params, macs: cost, input }: Prototype): string {
  if (state === 'checking') return 'Its layers are being read.';
  if (state === 'rejected') return problems[0]?.message ?? 'It can’t be used.';
  if (params === null) return task;
  return `${task || 'any task'} · ${count(params)} parameters · ${macs(cost)} MACs${input ? ` at ${input.join(' × ')}` : ''}`;
}
