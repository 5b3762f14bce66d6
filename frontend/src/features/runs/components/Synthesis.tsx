/** Everything that a run tells, live. */
import { Loading } from '@/shared/ui/states';

import { isOver } from '../api/runs';
import type { LiveRunView } from '../model/liveStore';
import { CertifiedPanel } from './CertifiedPanel';
import { CycleCharts } from './CycleCharts';
import { DesignsChart } from './DesignsChart';
import { InsightPanel } from './InsightPanel';
import { LogPanel } from './LogPanel';
import { RankChart } from './RankChart';
import { ResultFigures } from './ResultFigures';
import css from './run.module.css';

export function Synthesis({ live: { run, history, loaded } }: { live: LiveRunView }) {
  const certified = run.summary.certified;
  if (!loaded) return <Loading what="what the run has told so far" />;
  return (
    <div className={css.page}>
      {certified && <CertifiedPanel certified={certified} run={run} />}
      <div className={css.main}>
        <div className={css.page}>
          <DesignsChart run={run} cycles={history.cycles} />
          <CycleCharts run={run} cycles={history.cycles} />
          <LogPanel log={history.log} />
        </div>
        <div className={css.page}>
          <ResultFigures run={run} history={history} />
          <InsightPanel insight={history.insight} over={isOver(run.state)} />
          <RankChart cycles={history.cycles} />
        </div>
      </div>
    </div>
  );
}
