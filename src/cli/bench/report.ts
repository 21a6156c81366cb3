/** The figures of several rounds of one thing, per second. */
export interface Figures {
  name: string
  unit: string
  rounds: number[]
  /** Milliseconds, median of the rounds. */
  p50?: number
  p99?: number
  wrong?: number
  /** Too many answers were wrong for the figure to mean anything. */
  isInvalid?: boolean
}

export interface Report {
  date: Date
  machine: { cpu: string; cores: number; memory: number }
  node: string
  postgres: string
  server: string
  commit: string
  /** Resources stored before and after. */
  resources: [before: number, after: number]
  /** Seconds of each round. */
  seconds: number
  workloads: Figures[]
  limits: Figures[]
}

/** Which limit a workload cannot pass, by the beginnings of their names. */
const bounds = [
  ['transaction bundles', 'COPY of key and jsonb'],
  ['transaction bundles', 'COPY of key and text'],
  ['CRUD cycle', 'insert and commit'],
  ['read by id', 'node:http echo'],
  ['read by id', 'read by key'],
  ['patient-scoped sorted page', 'node:http echo'],
] as const

/** The report as Markdown. */
export function toMarkdown(report: Report): string {
  const { machine, workloads, limits } = report
  const rounds = workloads[0]?.rounds.length ?? 0
  const ratios = bounds.flatMap(([workload, limit]) => {
    const [served, possible] = [starting(workloads, workload), starting(limits, limit)]
    return served && possible
      ? [[served.name, possible.name, (median(served.rounds) / median(possible.rounds)).toFixed(2)]]
      : []
  })
  return `# Benchmarks

Written by \`npm run bench\` on ${report.date.toISOString().slice(0, 16).replace('T', ' ')} UTC. Client, server and PostgreSQL share the machine,
so each figure is less than the server could do alone. Every answer was checked; wrong ones are not counted as served.

| | |
|---|---|
| Machine | ${machine.cpu}, ${machine.cores} cores, ${Math.round(machine.memory / 2 ** 30)} GiB |
| Software | ${report.server}, commit ${report.commit}, Node.js ${report.node}, PostgreSQL ${report.postgres} |
| Stored resources | ${whole(report.resources[0])} before, ${whole(report.resources[1])} after |
| Rounds | ${rounds} of ${report.seconds} s each |

## Workloads

${table(
  ['Workload', 'Per second', 'Median', 'Lowest', 'Highest', 'p50 ms', 'p99 ms', 'Wrong'],
  workloads.map((figures) => [
    `${figures.name}${figures.isInvalid ? ' (**not valid**)' : ''}`,
    figures.unit,
    ...spread(figures),
    figures.p50?.toFixed(1) ?? '',
    figures.p99?.toFixed(1) ?? '',
    whole(figures.wrong ?? 0),
  ]),
)}

## Limits of the machine in the same run

${table(
  ['Limit', 'Per second', 'Median', 'Lowest', 'Highest'],
  limits.map((figures) => [figures.name, figures.unit, ...spread(figures)]),
)}

## Ratios

${table(['Workload', 'Limit', 'Ratio'], ratios)}
`
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

const starting = (figures: Figures[], name: string) => figures.find((each) => each.name.startsWith(name))
const spread = ({ rounds }: Figures) => [median(rounds), Math.min(...rounds), Math.max(...rounds)].map(whole)
const whole = (value: number) => Math.round(value).toLocaleString('en')
const table = (header: string[], rows: string[][]) =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
