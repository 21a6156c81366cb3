import { Client } from './client.js'

/** What one step of a workload did. */
export interface Done {
  /** What is counted besides requests, such as resources stored. */
  units?: number
  /** Why an answer was wrong. */
  wrong?: string
}

/** Sends a request or two; `sampled` asks it to parse the answer and look at its meaning too. */
export type Step = (client: Client, sampled: boolean) => Promise<Done>

export interface Round {
  requests: number
  units: number
  wrong: number
  /** One example of each reason for a wrong answer. */
  reasons: Set<string>
  seconds: number
  /** Milliseconds of each request. */
  p50: number
  p95: number
  p99: number
}

const sampleShare = 0.02

/**
 * Closed loop: each of `clients` connections sends its next request when the last one is answered.
 *
 * @param seconds  no step begins after this time
 */
export async function drive(base: string, clients: number, seconds: number, step: Step): Promise<Round> {
  const times: number[] = []
  const reasons = new Set<string>()
  let [units, wrong] = [0, 0]
  const started = performance.now()
  const until = started + seconds * 1000
  const run = async () => {
    const client = new Client(base)
    try {
      for (let before = performance.now(); before < until; ) {
        const done: Done = await step(client, Math.random() < sampleShare).catch((error: Error) => ({
          wrong: error.message,
        }))
        const after = performance.now()
        if (done.wrong === undefined) {
          times.push(after - before)
          units += done.units ?? 1
        } else {
          wrong++
          reasons.add(done.wrong)
        }
        before = after
      }
    } finally {
      client.close()
    }
  }
  await Promise.all(Array.from({ length: clients }, run))
  const sorted = Float64Array.from(times).sort()
  const quantile = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return {
    requests: times.length,
    units,
    wrong,
    reasons,
    seconds: (performance.now() - started) / 1000,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
  }
}
