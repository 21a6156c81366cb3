import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CannotStart } from '../base/cannot-start.js'
import { type Config, readConfig } from '../base/config.js'
import { FhirError } from '../base/errors.js'
import { load, loaders, type Present, present, remove } from '../terminology/load.js'
import { count } from './load/tally.js'
import { withDatabase } from './terminology/database.js'

const help = `Usage: npm run terminology -- load NAME PATH… [options]
       npm run terminology -- list
       npm run terminology -- remove URL [--version VERSION]

Loads code systems into the database of the server, be it running or not: a running one knows them at once. A
PATH is a file, a folder or a zip archive, as it was published; what is not needed in it is passed over. What was
loaded of the same version stays until the new content is whole, and stays when something is wrong with a file.

${loaders.map(({ name, title, takes }) => `  ${name.padEnd(9)} ${title}\n${' '.repeat(12)}${takes}`).join('\n')}

Options:
  --version V   the version, where the files do not tell it, or tell another
  --tenant N    for this tenant only (default 0: for all)
  --help        this text

The exit code is 0 when it was done, 1 when it was not, 2 when the command was not understood.`

type Asked = ReturnType<typeof readOptions>

process.exitCode = await main()

async function main(): Promise<number> {
  let config: Config
  let asked: Asked
  try {
    config = readConfig()
    asked = readOptions()
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run terminology -- --help tells more.`)
    return 2
  }
  if (asked.command === 'help') {
    console.log(help)
    return 0
  }
  try {
    await run(config, asked)
    return 0
  } catch (error) {
    if (!(error instanceof FhirError || error instanceof CannotStart)) throw error
    console.error(error.message)
    return 1
  }
}

function run(config: Config, asked: Exclude<Asked, { command: 'help' }>): Promise<void> {
  const started = performance.now()
  const { tenant } = asked
  const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`.padStart(8)
  return withDatabase(config, async (database) => {
    switch (asked.command) {
      case 'load': {
        const { name, paths, version } = asked
        await load(database, { name, paths, version, tenant }, (line) => console.log(`${seconds()}  ${line}`))
        break
      }
      case 'list': {
        const all = await present(database, tenant)
        console.log(all.length ? all.map(lineOf).join('\n') : 'No code system is loaded')
        break
      }
      case 'remove':
        console.log(`Removed: ${lineOf(await remove(database, tenant, asked.url, asked.version))}`)
    }
  })
}

function lineOf({ url, version, concepts, at, tenant }: Present): string {
  return `${url}|${version}  ${count(concepts, 'concept')}  loaded ${at}${tenant === 0 ? '' : `  tenant ${tenant}`}`
}

function readOptions() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      version: { type: 'string' },
      tenant: { type: 'string', default: '0' },
      help: { type: 'boolean', default: false },
    },
  })
  const [command, first, ...others] = positionals
  const tenant = Number(values.tenant)
  if (!Number.isSafeInteger(tenant) || tenant < 0) throw new Error('--tenant is not a whole number from 0')
  if (values.help) return { command: 'help' } as const
  if (command === 'list' && !first) return { command, tenant } as const
  if (command === 'remove' && first && others.length === 0) {
    const [url, version = values.version] = first.split('|') as [string, string?]
    return { command, tenant, url, version } as const
  }
  if (command === 'load' && first && others.length > 0) {
    if (!loaders.some(({ name }) => name === first))
      throw new Error(`There is no loader ${first}; there are ${loaders.map(({ name }) => name).join(', ')}`)
    const paths = others.map((path) => resolve(path))
    return { command, tenant, name: first, paths, version: values.version } as const
  }
  throw new Error('Say load NAME PATH…, list, or remove URL')
}
