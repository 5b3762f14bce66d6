/** What a network costs: counted, measured here, and estimated for other devices; each is called what it is. */
import type { Energy, Network } from '@/shared/api/types';
import { milliseconds, millijoules } from '@/shared/format/metrics';
import { count, macs, megabytes } from '@/shared/format/numbers';
import { DataTable } from '@/shared/ui/DataTable';
import { Figure, Figures } from '@/shared/ui/Figure';
import { Panel } from '@/shared/ui/Panel';

import css from './NetworkDetail.module.css';

export function NetworkCosts({ network }: { network: Network }) {
  return (
    <Panel title="Costs" note="For one image.">
      <Figures width={104}>
        <Figure name="Parameters">{count(network.params)}</Figure>
        <Figure name="MACs">{macs(network.macs)}</Figure>
        <Figure name="File size" note="as ONNX">
          {megabytes(network.size_mb)}
        </Figure>
        <Figure name="Activation memory">{megabytes(network.activation_mb)}</Figure>
        {network.latency_ms !== null && (
          <Figure name="Latency" note="measured, this machine">
            {milliseconds(network.latency_ms)}
          </Figure>
        )}
        {network.energy?.energy_mj !== undefined && <MeasuredEnergy energy={network.energy} />}
      </Figures>
      {network.energy?.unavailable && <p className={css.note}>{network.energy.unavailable}</p>}
      <Estimates network={network} />
    </Panel>
  );
}

function MeasuredEnergy({ energy: { device, energy_mj, images_per_joule } }: { energy: Energy }) {
  return (
    <Figure
      name="Energy"
      note={`measured, ${device === 'cuda' ? 'GPU' : 'processor'}: ${count(images_per_joule)} images per joule`}
    >
      {millijoules(energy_mj)}
    </Figure>
  );
}

function Estimates({ network }: { network: Network }) {
  const rows = Object.entries(network.estimates).flatMap(([device, { int8, ...float32 }]) => [
    { device, precision: 'float32', ...float32 },
    ...(int8 ? [{ device, precision: 'int8', ...int8 }] : []),
  ]);
  if (rows.length === 0) return null;
  return (
    <>
      <h3 className={css.subtitle}>Estimates by device</h3>
      <p className={css.note}>From each device’s published figures, not measured.</p>
      <DataTable
        caption="Estimated latency and energy by device"
        rows={rows}
        rowKey={({ device, precision }) => `${device} ${precision}`}
        columns={[
          { head: 'Device', cell: ({ device }) => device },
          { head: 'Numbers', cell: ({ precision }) => precision },
          { head: 'Latency', number: true, cell: (row) => `≈\u00a0${milliseconds(row.latency_ms)}` },
          { head: 'Energy', number: true, cell: (row) => `≈\u00a0${millijoules(row.energy_mj)}` },
          { head: 'Images per joule', number: true, cell: (row) => `≈\u00a0${count(row.images_per_joule)}` },
        ]}
      />
    </>
  );
}
