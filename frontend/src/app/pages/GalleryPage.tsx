import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';

import { Gallery } from '@/features/gallery/components/Gallery';
import { prototypeQuery } from '@/features/prototypes/api/prototypes';

import { useLive } from './liveRun';

export function GalleryPage() {
  const { run, history } = useLive();
  const { id } = run.prototype;
  const prototype = useQuery({ ...prototypeQuery(id ?? ''), enabled: id !== null });
  const report = prototype.data?.report;
  const insight = history.insight;
  // The run itself tells the widths for its own input; the prototype's report stands in where it has not.
  const full = useMemo(() => {
    const told = insight?.groups.filter(({ of }) => of !== undefined) ?? [];
    if (told.length > 0) return Object.fromEntries(told.map(({ name, of }) => [name, of ?? 0]));
    return Object.fromEntries((report?.groups ?? []).map(({ name, width }) => [name, width]));
  }, [report, insight]);
  return <Gallery run={run} full={full} />;
}
