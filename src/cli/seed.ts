import { parseArgs } from 'node:util'
import { readConfig } from '../base/config.js'
import { Endpoint, expectServer } from './load/endpoint.js'
import { defaultUrl, httpUrl, wholeNumber } from './load/options.js'
import { showProgress } from './load/progress.js'
import { count, Tally } from './load/tally.js'
import { population } from './seed/population.js'
import { seed } from './seed/seed.js'

const help = `Usage: npm run seed -- [options]

Fills a running server with a synthetic population: clinics, practitioners and their calendars, and patients with up
to six years of visits, findings, prescriptions, plans and claims. Nobody in it exists. The same seed gives the same
resources with the same ids: seeding again adds nothing, and more patients join those there are.

Options:
  --patients N     how many (default 100)
  --seed N         another number is another population (default 1)
  --url URL        FHIR base of the server (default: from HOST and PORT, http://127.0.0.1:8080/fhir)
  --concurrency N  requests at a time (default 4)
  --help           this text`

process.exitCode = await main()

async function main(): Promise<number> {
  let options: ReturnType<typeof readOptions>
  try {
    options = readOptions(defaultUrl(readConfig()))
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run seed -- --help tells more.`)
    return 2
  }
  if (options.help) {
    console.log(help)
    return 0
  }

  const { url, patients, concurrency } = options
  const endpoint = new Endpoint(url, concurrency)
  const tally = new Tally()
  const stop = showProgress(process.stdout, tally, () => tally.files / (patients + 1))
  try {
    await expectServer(url)
    await seed(population({ patients, seed: options.seed }), endpoint, tally, concurrency)
    stop()
    console.log(`Population ${options.seed}, ${count(patients, 'patient')}\n${tally}`)
    return tally.failed > 0 ? 1 : 0
  } catch (error) {
    stop()
    console.error(`${(error as Error).message}. The same command finishes the population.`)
    return 1
  } finally {
    endpoint.close()
  }
}

function readOptions(url: string) {
  const { values } = parseArgs({
    options: {
      patients: { type: 'string', default: '100' },
      seed: { type: 'string', default: '1' },
      url: { type: 'string', default: url },
      concurrency: { type: 'string', default: '4' },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    patients: wholeNumber('patients', values.patients, 0),
    seed: wholeNumber('seed', values.seed, 0),
    concurrency: wholeNumber('concurrency', values.concurrency, 1),
    url: httpUrl(values.url),
    help: values.help,
  }
}
