import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, readConfig } from '../base/config.js'
import { Endpoint, expectServer } from './load/endpoint.js'
import { Journal } from './load/journal.js'
import { load } from './load/load.js'
import { defaultUrl, httpUrl, wholeNumber } from './load/options.js'
import { showProgress } from './load/progress.js'
import { findSources } from './load/sources.js'
import { count, Tally } from './load/tally.js'

const help = `Usage: npm run load -- PATH… [options]

Loads FHIR data into a running server. A PATH is a file or a folder, which is searched to the bottom:
  .json    a Bundle (transaction, batch, collection or searchset) or one resource
  .ndjson  one resource a line; sent in batches of 200, as PUT when it has an id, else as POST
  .csv     a list of patients with a header row: mrn, ssn, family, given, middle, prefix, suffix, birthDate, gender,
           phone, mobile, email, line, line2, city, state, postalCode, country, language, maritalStatus,
           deceasedDate (mrn and family are required); a patient whose mrn is known is left as it is
  .hl7     HL7 v2 messages; the PID of each ADT message updates or creates the Patient with its MR number
Each may be compressed (.gz). Organizations, practitioners and the like are loaded before what refers to them.
What the server has acknowledged is remembered, so that the same command goes on after an interruption.

Options:
  --url URL         FHIR base of the server (default: from HOST and PORT, http://127.0.0.1:8080/fhir)
  --concurrency N   requests at a time (default 8)
  --mrn-system URI  namespace of medical record numbers in .csv, and in .hl7 without an assigner
                    (default https://ingle.example/identifier/mrn)
  --restart         load everything again
  --help            this text

The exit code is 0 when everything was stored, 1 when something failed, 2 when the command was not understood.`

process.exitCode = await main()

async function main(): Promise<number> {
  let config: Config
  let options: Awaited<ReturnType<typeof readOptions>>
  try {
    config = readConfig()
    options = await readOptions(defaultUrl(config))
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run load -- --help tells more.`)
    return 2
  }
  const { values, sources, ignored, concurrency } = options
  if (values.help) {
    console.log(help)
    return 0
  }

  const total = sources.reduce((sum, { size }) => sum + size, 0)
  const others = ignored > 0 ? `; ${count(ignored, 'file')} of other kinds ignored` : ''
  console.log(`${count(sources.length, 'file')}, ${(total / 1e6).toFixed(1)} MB${others}`)

  let journal: Journal
  try {
    journal = new Journal(join(config.dataDir, 'load'), values.url, values.restart)
  } catch (error) {
    console.error(
      `What is loaded cannot be noted down: ${(error as Error).message}; set INGLE_DATA_DIR to another folder`,
    )
    return 1
  }
  const endpoint = new Endpoint(values.url, concurrency)
  const tally = new Tally()
  let read = 0
  const onRead = (bytes: number) => {
    read += bytes
  }
  const stop = showProgress(process.stdout, tally, () => read / total)
  try {
    await expectServer(values.url)
    await load({ sources, endpoint, journal, tally, concurrency, mrnSystem: values['mrn-system'], onRead })
    stop()
    console.log(tally.toString())
    return tally.failed > 0 ? 1 : 0
  } catch (error) {
    stop()
    if (tally.resources > 0) console.log(tally.toString())
    console.error(`${(error as Error).message}. The same command goes on from here.`)
    return 1
  } finally {
    journal.close()
    endpoint.close()
  }
}

async function readOptions(url: string) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: url },
      concurrency: { type: 'string', default: '8' },
      'mrn-system': { type: 'string', default: 'https://ingle.example/identifier/mrn' },
      restart: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const concurrency = wholeNumber('concurrency', values.concurrency, 1)
  httpUrl(values.url)
  if (positionals.length === 0 && !values.help) throw new Error('There is nothing to load: a PATH is missing')
  return { values, concurrency, ...(await findSources(positionals)) }
}
