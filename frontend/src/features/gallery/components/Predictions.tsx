/** What a network says of some test images, shown over them. */
import { SegmentedControl, Slider } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { percent } from '@/shared/format/numbers';
import { Panel } from '@/shared/ui/Panel';
import { LoadError, Loading } from '@/shared/ui/states';

import { predictionsQuery } from '../api/predictions';
import type { Predictions as Told, Side } from '../model/predictions';
import { BoxedImage, LabelledImage, MaskedImage } from './PredictedImages';
import css from './Predictions.module.css';

export function Predictions({ networkId }: { networkId: string }) {
  const query = useQuery(predictionsQuery(networkId));
  return (
    <Panel title="Predictions" note="On images of the test split, as the network sees them.">
      {query.isPending && <Loading what="the predictions" />}
      {query.isError && (
        <LoadError what="The predictions" error={query.error} retry={() => void query.refetch()} />
      )}
      {query.data && <Shown predictions={query.data} />}
    </Panel>
  );
}

function Shown({ predictions }: { predictions: Told }) {
  const [side, setSide] = useState<Side>('prediction');
  const [opacity, setOpacity] = useState(0.6);
  const [least, setLeast] = useState(0.3);
  return (
    <>
      {predictions.task !== 'classification' && (
        <div className={css.tools}>
          <SegmentedControl
            size="xs"
            aria-label="What is shown over the images"
            value={side}
            onChange={(value) => {
              setSide(value as Side);
            }}
            data={[
              { value: 'prediction', label: 'Prediction' },
              { value: 'truth', label: 'Truth' },
            ]}
          />
          {predictions.task === 'segmentation' && (
            <Dial name="Opacity" value={opacity} onChange={setOpacity} />
          )}
          {predictions.task === 'detection' && (
            <Dial name="Least score" value={least} onChange={setLeast} disabled={side === 'truth'} />
          )}
          <Legend predictions={predictions} />
        </div>
      )}
      <ul className={css.images} aria-label="Test images">
        {predictions.task === 'classification' &&
          predictions.images.map((picture, i) => (
            <LabelledImage key={i} picture={picture} predictions={predictions} />
          ))}
        {predictions.task === 'segmentation' &&
          predictions.images.map((picture, i) => (
            <MaskedImage key={i} picture={picture} predictions={predictions} side={side} opacity={opacity} />
          ))}
        {predictions.task === 'detection' &&
          predictions.images.map((picture, i) => (
            <BoxedImage key={i} picture={picture} predictions={predictions} side={side} least={least} />
          ))}
      </ul>
    </>
  );
}

interface DialProps {
  name: string;
  value: number;
  onChange: (value: number) => void;
  disabled?: boolean;
}

function Dial({ name, value, onChange, disabled = false }: DialProps) {
  return (
    <div className={css.dial}>
      <span>
        {name} <output>{percent(value, 0)}</output>
      </span>
      <Slider
        thumbLabel={name}
        min={0}
        max={1}
        step={0.05}
        label={null}
        value={value}
        onChange={onChange}
        disabled={disabled}
        color="ember"
      />
    </div>
  );
}

function Legend({ predictions: { classes, colours } }: { predictions: Told }) {
  return (
    <ul className={css.legend} aria-label="Colours of the classes">
      {classes.map((name, i) => (
        <li key={name}>
          <i style={{ background: colours[i] }} aria-hidden />
          {name}
        </li>
      ))}
    </ul>
  );
}
