// Chart.js, with the parts that are used and the page's own colours.

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

export interface ChartInput {
  readonly kind: "bar" | "line";
  readonly name: string;
  readonly labels: readonly string[];
  readonly values: readonly number[];
}

export interface Point {
  readonly label: string;
  readonly value: number;
}

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;
const MOST_MONTHS = 600;

/** Months that have no row have a place on the axis all the same: without it, a pause cannot be seen. */
export function withAllMonths(points: readonly Point[]): readonly Point[] {
  const months = points.map(({ label }) => monthOf(label));
  if (
    months.length < 2 ||
    months.some((month, at) => month === undefined || (at > 0 && month <= (months[at - 1] ?? 0)))
  )
    return points;
  const first = months[0] as number;
  const length = (months.at(-1) as number) - first + 1;
  if (length > MOST_MONTHS) return points;
  return Array.from(
    { length },
    (_, at) => points[months.indexOf(first + at)] ?? { label: labelOf(first + at), value: NaN },
  );
}

function monthOf(label: string): number | undefined {
  const [, year, month] = MONTH.exec(label) ?? [];
  return year === undefined ? undefined : Number(year) * 12 + Number(month) - 1;
}

function labelOf(month: number): string {
  return `${Math.floor(month / 12)}-${String((month % 12) + 1).padStart(2, "0")}`;
}

export function createChart(canvas: HTMLCanvasElement, { kind, name, labels, values }: ChartInput): Chart {
  const colour = resolver(canvas);
  const axis = {
    ticks: { color: colour("--ink-soft"), font: { family: colour("--sans"), size: 12 } },
    border: { color: colour("--line") },
  };
  return new Chart(canvas, {
    type: kind,
    data: {
      labels: [...labels],
      datasets: [
        {
          label: name,
          data: [...values],
          backgroundColor: colour("--accent"),
          borderColor: colour("--accent"),
          borderWidth: kind === "line" ? 2 : 0,
          borderRadius: 3,
          maxBarThickness: 48,
          pointRadius: values.length > 60 ? 0 : 3,
        },
      ],
    },
    options: {
      animation: false,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { ...axis, grid: { display: false } },
        y: { ...axis, beginAtZero: kind === "bar", grid: { color: colour("--line") } },
      },
    },
  });
}

/** A canvas knows no variables, and no light-dark(): an element's computed colour has both resolved. */
function resolver(canvas: HTMLCanvasElement): (name: string) => string {
  const probe = canvas.parentElement ?? canvas;
  return (name) => {
    if (name === "--sans") return getComputedStyle(probe).fontFamily;
    probe.style.setProperty("color", `var(${name})`);
    const { color } = getComputedStyle(probe);
    probe.style.removeProperty("color");
    return color;
  };
}
