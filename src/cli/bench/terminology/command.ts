import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CannotStart } from '../../../base/cannot-start.js'
import { readConfig } from '../../../base/config.js'
import { expectServer } from '../../load/endpoint.js'
import { defaultUrl, httpUrl, wholeNumber } from '../../load/options.js'
import { withDatabase } from '../../terminology/database.js'
import { benchTerminology } from './bench.js'

const help = `Usage: npm run bench -- terminology [options]

Measures the terminology service of a running server, and writes what it found as Markdown. What is missing of content of
the size of SNOMED CT, LOINC and RxNorm is generated and loaded; ICD-10-CM must have been loaded.

Options:
  --url URL      FHIR base of the server (default: from HOST and PORT, http://127.0.0.1:8080/fhir)
  --seconds N    for each workload in each round (default 5)
  --rounds N     (default 3)
  --out FILE     (default docs/benchmarks-terminology.md)
  --help         this text`

/** @returns the exit code */
export async function benchTerminologyCommand(args: string[]): Promise<number> {
  let asked: ReturnType<typeof readOptions>
  try {
    asked = readOptions(args)
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run bench -- terminology --help tells more.`)
    return 2
  }
  const { config, url, seconds, rounds, out } = asked
  if (asked.help) {
    console.log(help)
    return 0
  }
  try {
    await expectServer(url)
    const folder = join(config.dataDir, 'bench')
    const say = (line: string) => console.log(line)
    const { report, isWrong } = await withDatabase(config, (database) =>
      benchTerminology({ url, database, folder, seconds, rounds, say }),
    )
    writeFileSync(out, report)
    console.log(`\n${report}\nWritten to ${out}`)
    return isWrong ? 1 : 0
  } catch (error) {
    if (!(error instanceof Error) || error instanceof TypeError) throw error
    console.error(error instanceof CannotStart ? error.message : String(error.message))
    return 1
  }
}

function readOptions(args: string[]) {
  const config = readConfig()
  const { values } = parseArgs({
    args,
    options: {
      url: { type: 'string', default: defaultUrl(config) },
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      out: { type: 'string', default: 'docs/benchmarks-terminology.md' },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    config,
    url: httpUrl(values.url),
    seconds: wholeNumber('seconds', values.seconds, 1),
    rounds: wholeNumber('rounds', values.rounds, 1),
    out: values.out,
    help: values.help,
  }
}
