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
