import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import type { Bundle, CapabilityStatement } from '@medplum/fhirtypes'
import { readConfig } from '../base/config.js'
import { root } from '../base/root.js'
import { bench } from './bench/bench.js'
import { Client } from './bench/client.js'
import { runningIn } from './bench/embedded.js'
import { databaseLimits, httpLimit, type Limit, withDatabase } from './bench/limits.js'
import { toMarkdown } from './bench/report.js'
import { sample } from './bench/sample.js'
import { asNew, templates } from './bench/templates.js'
import { benchTerminologyCommand } from './bench/terminology/command.js'
import { benchValidation } from './bench/validate.js'
import { workloads } from './bench/workloads.js'
import { Endpoint, expectServer } from './load/endpoint.js'
import { defaultUrl, httpUrl, wholeNumber } from './load/options.js'
import { Tally } from './load/tally.js'
import { population } from './seed/population.js'
import { seed } from './seed/seed.js'

const help = `Usage: npm run bench -- [options]
       npm run bench -- validate [PATH…] [options]   the validator alone; --help tells more
       npm run bench -- terminology [options]        the terminology service; --help tells more

Measures a running server that may hold any data, adds to it, and writes what it found as Markdown: transaction
bundles, a create-read-update-delete cycle, reads by id, sorted pages, a search mix and counts.

Options:
  --url URL      FHIR base of the server (default: from HOST and PORT, http://127.0.0.1:8080/fhir)
  --pg URL       PostgreSQL in which to measure the machine's limits, postgres://…; a schema ingle_bench is made there
                 for as long as it takes (default: DATABASE_URL, or the server's own in INGLE_DATA_DIR)
  --seconds N    for each workload, divided among the rounds (default 30)
  --rounds N     (default 3)
  --out FILE     (default docs/benchmarks.md)
  --help         this text

The exit code is 1 when more than one answer in a thousand was wrong.`

/** The population of the benchmark; its first patients are stored to be found, the others are what is posted. */
const populationSeed = 8_080
const [storedPatients, postedPatients] = [60, 100]

process.exitCode = await main()

async function main(): Promise<number> {
  if (process.argv[2] === 'validate') return benchValidation(process.argv.slice(3))
  if (process.argv[2] === 'terminology') return benchTerminologyCommand(process.argv.slice(3))
  let options: ReturnType<typeof readOptions>
  try {
    const config = readConfig()
    options = readOptions(defaultUrl(config), config.databaseUrl ?? runningIn(config.dataDir))
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run bench -- --help tells more.`)
    return 2
  }
  if (options.help) {
    console.log(help)
    return 0
  }
  try {
    await expectServer(options.url)
    return options.pg
      ? await withDatabase(options.pg, async (pool) =>
          measure(
            options,
            (bundles, seconds) => databaseLimits(pool, bundles, seconds),
            (await pool.query('show server_version')).rows[0].server_version,
          ),
        )
      : await measure(options, () => [], 'not known (--pg was not given)')
  } catch (error) {
    console.error((error as Error).message)
    return 1
  }
}

type Options = ReturnType<typeof readOptions>

async function measure(
  { url, seconds, rounds, out }: Options,
  limitsOf: (bundles: string[][], seconds: number) => Limit[],
  postgres: string,
): Promise<number> {
  const all = [...population({ patients: storedPatients + postedPatients, seed: populationSeed })]
  const stored = all.slice(0, 1 + storedPatients)
  const posted = all.slice(1 + storedPatients)
  await store(url, stored)

  const client = new Client(url)
  const before = await countAll(client, all)
  const perRound = seconds / rounds
  const limitSeconds = Math.min(3, perRound)
  const texts = posted.map(({ entry }) => entry!.map(({ resource }) => JSON.stringify(resource)))
  const http = await httpLimit(texts[0]![0]!, limitSeconds)
  const { served, possible } = await bench({
    url,
    workloads: workloads({
      bundles: posted.map((bundle) => ({ body: asNew(bundle), resources: bundle.entry!.length })),
      templates: templates(stored.flatMap(({ entry }) => entry!.map(({ resource }) => resource!))),
      sample: await sample(client),
    }),
    limits: [http, ...limitsOf(texts, limitSeconds)],
    rounds,
    seconds: perRound,
    say: (line) => console.log(line),
  }).finally(http.close)

  const report = toMarkdown({
    date: new Date(),
    machine: { cpu: cpus()[0]?.model ?? 'unknown CPU', cores: cpus().length, memory: totalmem() },
    node: process.version,
    postgres,
    server: await software(client),
    commit: commit(),
    resources: [before, await countAll(client, all)],
    seconds: perRound,
    workloads: served,
    limits: possible,
  })
  client.close()
  writeFileSync(out, report)
  console.log(`\n${report}\nWritten to ${out}`)
  return served.some(({ isInvalid }) => isInvalid) ? 1 : 0
}

/** What queries are to find; sent as PUT, so that each run finds what the first one stored. */
async function store(url: string, bundles: Bundle[]): Promise<void> {
  const endpoint = new Endpoint(url, 2)
  const tally = new Tally()
  await seed(bundles.values(), endpoint, tally, 2)
  endpoint.close()
  if (tally.failed > 0) throw new Error(`The benchmark's population was not stored.\n${tally}`)
}

async function countAll(client: Client, bundles: Bundle[]): Promise<number> {
  const types = new Set(bundles.flatMap(({ entry }) => entry!.map(({ resource }) => resource!.resourceType)))
  let sum = 0
  for (const type of types) {
    const { body } = await client.get(`/${type}?_summary=count`)
    sum += (JSON.parse(body.toString()) as Bundle).total ?? 0
  }
  return sum
}

async function software(client: Client): Promise<string> {
  const { body } = await client.get('/metadata')
  const { software: found } = JSON.parse(body.toString()) as CapabilityStatement
  return [found?.name ?? 'unnamed server', found?.version].filter(Boolean).join(' ')
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'not known'
  }
}

function readOptions(url: string, defaultPg: string | undefined) {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: url },
      pg: { type: 'string' },
      seconds: { type: 'string', default: '30' },
      rounds: { type: 'string', default: '3' },
      out: { type: 'string', default: 'docs/benchmarks.md' },
      help: { type: 'boolean', default: false },
    },
  })
  const seconds = Number(values.seconds)
  if (!(seconds > 0)) throw new Error('--seconds is not a number above 0')
  return {
    url: httpUrl(values.url),
    pg: values.pg ?? defaultPg,
    seconds,
    rounds: wholeNumber('rounds', values.rounds, 1),
    out: values.out,
    help: values.help,
  }
}
