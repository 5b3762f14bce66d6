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
  const full = useMemo(() => {
    const groups = report?.groups ?? [];
    // Only where the names are the engine's own for this run: a prototype is inspected at its reference input.
    const known = new Set(insight?.groups.map(({ name }) => name) ?? groups.map(({ name }) => name));
    return Object.fromEntries(groups.filter(({ name }) => known.has(name)).map(({ name, width }) => [name, width]));
  }, [report, insight]);
  return <Gallery run={run} full={full} />;
}
