import { drive, type Round } from './drive.js'
import type { Limit } from './limits.js'
import { type Figures, median } from './report.js'
import type { Workload } from './workloads.js'

export interface Plan {
  url: string
  workloads: Workload[]
  limits: Limit[]
  rounds: number
  /** Of each workload in each round. */
  seconds: number
  /** Is told each figure as it is there. */
  say: (line: string) => void
}

/** More wrong answers than this make a figure worthless. */
const tolerated = 0.001

/**
 * Measures everything once a round, so that what else the machine does in the meantime meets all alike. Each workload
 * runs a moment beforehand, unmeasured, until code and caches are warm.
 */
export async function bench({
  url,
  workloads,
  limits,
  rounds,
  seconds,
  say,
}: Plan): Promise<{ served: Figures[]; possible: Figures[] }> {
  for (const { clients, step } of workloads) await drive(url, clients, Math.min(2, seconds), step)

  const measured = new Map<Workload, Round[]>(workloads.map((workload) => [workload, []]))
  const possible = new Map<Limit, number[]>(limits.map((limit) => [limit, []]))
  for (let number = 1; number <= rounds; number++) {
    for (const [workload, results] of measured) {
      const round = await drive(url, workload.clients, seconds, workload.step)
      results.push(round)
      say(
        `round ${number}: ${workload.name}, ${Math.round(round.units / round.seconds)} ${workload.unit}/s${complaint(round)}`,
      )
    }
    for (const [limit, results] of possible) {
      const figure = await limit.measure()
      results.push(figure)
      say(`round ${number}: ${limit.name}, ${Math.round(figure)}/s`)
    }
  }
  return {
    served: [...measured].map(([{ name, clients, unit }, results]) => ({
      name: `${name}, ${clients} clients`,
      unit,
      rounds: results.map((round) => round.units / round.seconds),
      p50: median(results.map(({ p50 }) => p50)),
      p99: median(results.map(({ p99 }) => p99)),
      wrong: results.reduce((sum, { wrong }) => sum + wrong, 0),
      isInvalid: results.some(({ wrong, requests }) => requests === 0 || wrong > requests * tolerated),
    })),
    possible: [...possible].map(([{ name }, figures]) => ({
      name,
      unit: name.startsWith('COPY') || name.startsWith('insert') ? 'rows' : 'requests',
      rounds: figures,
    })),
  }
}

const complaint = ({ wrong, reasons }: Round) =>
  wrong > 0 ? `, ${wrong} WRONG: ${[...reasons].slice(0, 3).join('; ')}` : ''
