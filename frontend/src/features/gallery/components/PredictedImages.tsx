/** One test image with what is on it and what the network says, for each task. */
import type { CSSProperties, ReactNode } from 'react';

import { percent } from '@/shared/format/numbers';
import { IconCheck, IconCross } from '@/shared/ui/icons';

import {
  bothSides,
  type Boxed,
  className,
  countText,
  type Labelled,
  type Masked,
  type Predictions,
  shareText,
  type Side,
  sureOf,
} from '../model/predictions';
import { useMaskShares } from '../model/useMaskShares';
import css from './Predictions.module.css';

/** Below this side an image is shown in its pixels, not blurred. */
const TINY = 160;

interface PictureProps {
  image: string;
  predictions: Predictions;
  /** What someone hears who doesn't see it. */
  description: string;
  /** What lies over the image. */
  over?: ReactNode;
  children: ReactNode;
}

function Picture({ image, predictions: { width, height }, description, over, children }: PictureProps) {
  const style = { '--aspect': `${String(width)} / ${String(height)}` } as CSSProperties;
  return (
    <li className={css.item} style={style}>
      <div className={css.picture} role="img" aria-label={description}>
        <img src={image} alt="" data-tiny={Math.max(width, height) < TINY || undefined} />
        {over}
      </div>
      <div className={css.caption}>{children}</div>
    </li>
  );
}

export function LabelledImage({ picture, predictions }: { picture: Labelled; predictions: Predictions }) {
  const { classes } = predictions;
  const { truth, prediction } = picture;
  const right = prediction.class === truth;
  const name = className(classes, prediction.class);
  return (
    <Picture
      image={picture.image}
      predictions={predictions}
      description={bothSides(name, className(classes, truth))}
    >
      <p className={css.said} data-right={right}>
        {right ? <IconCheck width={13} height={13} /> : <IconCross width={13} height={13} />}
        <span className="visually-hidden">{right ? 'Right:' : 'Wrong:'}</span> {name}
      </p>
      {!right && <p>truth: {className(classes, truth)}</p>}
      <ul className={css.scores} aria-label="Best classes">
        {prediction.scores.map((each) => (
          <li key={each.class}>
            <span>{className(classes, each.class)}</span>
            <b>{percent(each.score, 0)}</b>
            <i style={{ width: `${String(each.score * 100)}%` }} aria-hidden />
          </li>
        ))}
      </ul>
    </Picture>
  );
}

interface OverlayProps<T> {
  picture: T;
  predictions: Predictions;
  side: Side;
}

export function MaskedImage({
  picture,
  predictions,
  side,
  opacity,
}: OverlayProps<Masked> & { opacity: number }) {
  const { classes, colours } = predictions;
  const said = useMaskShares(picture.prediction.mask, colours);
  const is = useMaskShares(picture.truth.mask, colours);
  const words = {
    prediction: said ? shareText(said, classes) : 'a mask',
    truth: is ? shareText(is, classes) : 'a mask',
  };
  return (
    <Picture
      image={picture.image}
      predictions={predictions}
      description={bothSides(words.prediction, words.truth)}
      over={<img src={picture[side].mask} alt="" style={{ opacity }} data-tiny />}
    >
      <p>{words[side]}</p>
    </Picture>
  );
}

export function BoxedImage({ picture, predictions, side, least }: OverlayProps<Boxed> & { least: number }) {
  const { classes, colours, width, height } = predictions;
  const sure = sureOf(picture.prediction, least);
  const shown = side === 'truth' ? picture.truth : sure;
  return (
    <Picture
      image={picture.image}
      predictions={predictions}
      description={bothSides(countText(sure, classes), countText(picture.truth, classes))}
      over={
        <svg viewBox={`0 0 ${String(width)} ${String(height)}`} preserveAspectRatio="none" aria-hidden>
          {shown.map(({ class: index, box: [x1, y1, x2, y2], score }, i) => (
            <g key={i}>
              <title>
                {className(classes, index)}
                {score === undefined ? '' : ` ${percent(score, 0)}`}
              </title>
              {/* A dark line below, so that a colour like the image's own is seen too. */}
              <rect className={css.halo} x={x1} y={y1} width={x2 - x1} height={y2 - y1} />
              <rect
                className={css.box}
                x={x1}
                y={y1}
                width={x2 - x1}
                height={y2 - y1}
                stroke={colours[index] ?? 'currentColor'}
              />
            </g>
          ))}
        </svg>
      }
    >
      <p>{countText(shown, classes)}</p>
    </Picture>
  );
}
