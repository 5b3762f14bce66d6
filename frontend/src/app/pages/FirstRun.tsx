import { NewRun } from './NewRun';
import css from './pages.module.css';

const STEPS = [
  [
    'Synthesise once',
    'A generator learns, cycle by cycle, which parts of the prototype your requirement needs.',
  ],
  ['Get it certified', 'Fresh seeds are measured on data kept aside: you see the yield and its 95 % bound.'],
  ['Draw at will', 'Dial a budget, draw a network in about a second, download it as ONNX or safetensors.'],
] as const;

/** What stands in place of the list before the first run. */
export function FirstRun() {
  return (
    <>
      <header className={css.hero}>
        <h1>From one prototype, a generator of small networks</h1>
        <p>
          Everything is filled in for a first run on handwritten digits. Press the button and watch it, or
          change what you like.
        </p>
      </header>
      <section className={css.card} aria-labelledby="start">
        <h2 id="start">Start a synthesis</h2>
        <NewRun />
      </section>
      <ol className={css.steps}>
        {STEPS.map(([name, text]) => (
          <li key={name}>
            <h3>{name}</h3>
            <p>{text}</p>
          </li>
        ))}
      </ol>
    </>
  );
}
