import uPlot from 'uplot';
import { useEffect, useEffectEvent, useRef } from 'react';
import styles from './chart.module.css';
import './uplot.css';

/** One line, area or row of columns of a chart. */
export interface Series {
  readonly label: string;
  /** A token of `style/tokens.css`: `--succeeded`. */
  readonly color: string;
  /** A filled area down to the axis, or to nothing. @default false */
  readonly isArea?: boolean;
  readonly isDashed?: boolean;
  /** One for each time; null leaves a gap. */
  readonly values: readonly (number | null)[];
}

/** A chart over time, drawn on a canvas: hundreds of points a frame cost nothing. What it says is also there as words. */
export function Chart({
  label,
  summary,
  times,
  series,
  format,
  height = 180,
}: {
  readonly label: string;
  /** What a screen reader says instead of the lines. */
  readonly summary: string;
  /** In seconds since 1970. */
  readonly times: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height?: number;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [times, ...series.map(({ values }) => values)];
  const make = useEffectEvent((element: HTMLElement) => {
    plot.current?.destroy();
    // uPlot doesn't change what it is given.
    plot.current = new uPlot(optionsOf(element, series, format, height), data as uPlot.AlignedData, element);
  });
  // What is drawn anew when it changes; points alone are only set.
  const shape = series.map(({ label, color }) => label + color).join();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    make(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const recolor = (): void => make(element);
    scheme.addEventListener('change', recolor);
    const themed = new MutationObserver(recolor);
    themed.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const sized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    sized.observe(element);
    return () => {
      scheme.removeEventListener('change', recolor);
      themed.disconnect();
      sized.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData(data as uPlot.AlignedData));
  return (
    <figure className={styles['chart']}>
      <figcaption className="unseen">
        {label}: {summary}
      </figcaption>
      <div ref={frame} aria-hidden="true" />
    </figure>
  );
}

function optionsOf(
  element: HTMLElement,
  series: readonly Series[],
  format: (value: number) => string,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(element);
  const resolve = resolver(element);
  const faint = resolve('--text-faint');
  const line = resolve('--line');
  const font = `11px ${style.fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: faint,
    font,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  return {
    width: element.clientWidth,
    height,
    padding: [12, 12, 0, 4],
    cursor: { points: { size: 6 }, y: false, drag: { x: false, y: false } },
    legend: { live: true },
    scales: { x: { time: true }, y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [
      { ...axis, grid: { show: false }, size: 28, values: '{HH}:{mm}' },
      { ...axis, size: 56, values: (_plot, values) => values.map(format) },
    ],
    series: [
      { label: 'at', value: '{HH}:{mm}' },
      ...series.map(({ label, color, isArea = false, isDashed = false }): uPlot.Series => {
        const stroke = resolve(color);
        return {
          label,
          stroke,
          width: 1.75,
          points: { show: true, size: 5, fill: stroke, filter: alone },
          spanGaps: false,
          value: (_plot, value: number | null) => (value === null ? '–' : format(value)),
          ...(isArea ? { fill: `color-mix(in oklab, ${stroke} 18%, transparent)` } : {}),
          ...(isDashed ? { dash: [4, 4] } : {}),
        };
      }),
    ],
  };
}

/** The points that no line leads to. */
function alone({ data }: uPlot, series: number, isShown: boolean): number[] | null {
  const values = data[series];
  if (!isShown || values === undefined) return null;
  const isGap = (index: number): boolean => (values[index] ?? null) === null;
  return [...values.keys()].filter((index) => !isGap(index) && isGap(index - 1) && isGap(index + 1));
}

/** Colours of tokens as a canvas takes them: `light-dark()` means nothing to it. */
function resolver(element: HTMLElement): (token: string) => string {
  return (token) => {
    const probe = document.createElement('span');
    probe.style.color = `var(${token})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}
