import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Database } from '../../../db/database.js'
import { raw, sql } from '../../../db/sql.js'
import { load, present } from '../../../terminology/load.js'
import { Client } from '../client.js'
import { drive, type Round } from '../drive.js'
import { writeLoinc } from '../releases/loinc.js'
import { writeRxNorm } from '../releases/rxnorm.js'
import { writeSnomed } from '../releases/snomed.js'
import { median } from '../report.js'
import type { Workload } from '../workloads.js'
import { askBare, bareRoute } from './bare-route.js'
import { type Known, terminologyWorkloads } from './workloads.js'

/** What is generated where it is not loaded, of which size; the others are loaded from files by who has them. */
const generated = [
  { name: 'snomed', size: 350_000, write: writeSnomed, version: '20260101' },
  { name: 'loinc', size: 100_000, write: writeLoinc, version: '2.80' },
  { name: 'rxnorm', size: 120_000, write: writeRxNorm, version: '01052026' },
] as const

export interface Plan {
  url: string
  database: Database
  /** Where generated releases are kept. */
  folder: string
  seconds: number
  rounds: number
  say: (line: string) => void
}

interface Figure {
  name: string
  rounds: Round[]
  /** Requests a second of the bare route, in the same moments. */
  bare: number[]
}

/**
 * Measures the terminology service of a running server with content of full size, everything in one run, ten clients,
 * inputs drawn at random.
 *
 * @returns the report as Markdown, and whether an answer was wrong
 */
export async function benchTerminology(plan: Plan): Promise<{ report: string; isWrong: boolean }> {
  const { url, database, seconds, rounds, say } = plan
  const loads = await loadMissing(plan)
  const known = await Promise.all(['snomed', 'loinc', 'rxnorm', 'icd10cm'].map((kind) => knownOf(database, kind)))
  const [snomed, loinc, rxnorm, icd] = known as [Known, Known, Known, Known]
  const { quick, expansions } = terminologyWorkloads(snomed, loinc, rxnorm, icd)
  const bare = await bareRoute(await lookedUp(url, snomed))
  const measured = new Map<Workload, Figure>()
  try {
    for (const workload of [...quick, ...expansions]) {
      measured.set(workload, { name: workload.name, rounds: [], bare: [] })
      await drive(url, workload.clients, Math.min(2, seconds), workload.step)
    }
    await askBare(bare.url, 10, 1)
    for (let round = 1; round <= rounds; round++)
      for (const [workload, figure] of measured) {
        // The bare route right beside it: what else the machine does meanwhile meets both alike.
        const possible = await askBare(bare.url, workload.clients, seconds / 2)
        const done = await drive(url, workload.clients, seconds, workload.step)
        figure.rounds.push(done)
        figure.bare.push(possible)
        const wrong = done.wrong ? `, ${done.wrong} WRONG: ${[...done.reasons][0]}` : ''
        say(
          `round ${round}: ${workload.name}, ${Math.round(done.requests / done.seconds)}/s of ${Math.round(possible)}/s${wrong}`,
        )
      }
  } finally {
    await bare.close()
  }
  const figures = [...measured.values()]
  const isWrong = figures.some((figure) => figure.rounds.some(({ wrong, requests }) => wrong * 1000 > requests))
  return { report: toMarkdown(figures, loads, await present(database, 0), plan), isWrong }
}

async function loadMissing({ database, folder, say }: Plan): Promise<string[]> {
  const lines: string[] = []
  const there = new Set((await present(database, 0)).map(({ kind }) => kind))
  for (const { name, size, write, version } of generated) {
    if (there.has(name)) continue
    const path = join(folder, name)
    say(`${name}: a release of ${size} concepts is generated`)
    await write(path, size)
    const started = performance.now()
    const wished = name === 'snomed' ? `http://snomed.info/sct/900000000000207008/version/${version}` : version
    const [loaded] = await load(database, { name, paths: [path], version: wished, tenant: 0 }, say)
    lines.push(`| ${name} | ${loaded!.concepts} | ${((performance.now() - started) / 1000).toFixed(1)} |`)
  }
  if (!there.has('icd10cm')) throw new Error('ICD-10-CM is not loaded: npm run terminology -- load icd10cm FILE')
  return lines
}

/** Codes of what is loaded, at random; and those that are above many. */
async function knownOf(database: Database, kind: string): Promise<Known> {
  const loaded = (await present(database, 0)).filter((one) => one.kind === kind)
  const { id, url } = loaded.at(-1)!
  const concept = raw(`concept_${id}`)
  const rows = await database.query<{ code: string; display: string }>(sql`
    select code, display from ${concept} where not inactive and not abstract order by random() limit 20000`)
  const top = await database.query<{ code: string }>(sql`
    select code from ${concept} where length(below) > 4 order by length(below) desc limit 400`)
  return {
    url,
    codes: rows.map(({ code }) => code),
    top: top.map(({ code }) => code),
    displays: rows.slice(0, 2000).map(({ code, display }) => [code, display]),
  }
}

async function lookedUp(url: string, { url: system, codes }: Known): Promise<string> {
  const client = new Client(url)
  try {
    const { body } = await client.get(`/CodeSystem/$lookup?system=${encodeURIComponent(system)}&code=${codes[0]}`)
    return body.toString()
  } finally {
    client.close()
  }
}

type Present = Awaited<ReturnType<typeof present>>

function toMarkdown(figures: readonly Figure[], loads: readonly string[], loaded: Present, { seconds, rounds }: Plan) {
  const rows = figures.map(({ name, rounds, bare }) => {
    const rate = median(rounds.map(({ requests, seconds }) => requests / seconds))
    const wrong = rounds.reduce((sum, round) => sum + round.wrong, 0)
    const times = ([50, 95] as const).map((share) => median(rounds.map((round) => round[`p${share}`])).toFixed(1))
    const possible = median([...bare])
    return `| ${[name, Math.round(rate), Math.round(possible), (rate / possible).toFixed(2), ...times, wrong].join(' | ')} |`
  })
  return `# Benchmark of the terminology service

Written by \`npm run bench -- terminology\` on ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC: ${cpus()[0]?.model ?? 'unknown CPU'},
${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.version}; ten clients, server and PostgreSQL share the machine. ${rounds} rounds of ${seconds} s each; the
median counts. The bare route is one of Koa that answers with a body of the size of a \`$lookup\`, measured right before
each figure.

| Request | Per second | Bare route | Ratio | p50 ms | p95 ms | Wrong |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

## What is loaded

${loaded.map(({ url, version, concepts }) => `- ${url}|${version}: ${concepts.toLocaleString('en')} concepts`).join('\n')}
${loads.length ? `\n| Loaded in this run | Concepts | Seconds |\n| --- | --- | --- |\n${loads.join('\n')}\n` : ''}`
}
