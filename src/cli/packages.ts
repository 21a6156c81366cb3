import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../base/config.js'
import { expectServer } from './load/endpoint.js'
import { commands } from './packages/commands.js'
import { PackageList } from './packages/files.js'
import type { Telling } from './packages/load.js'
import { type Options, readOptions } from './packages/options.js'
import { Registry } from './packages/registry.js'
import { serverTarget } from './packages/target.js'

const help = `Usage: npm run packages -- COMMAND [options]

Loads packages of implementation guides (US Core and others) into a running server: profiles, value sets, code systems,
search parameters and what else describes data. What they bring can be read and searched like any other resource.

  add PACKAGE…     load packages, and those that they need
  list             the packages that the server has
  remove PACKAGE…  delete all that these brought; what they needed stays
  sync             load what the list of packages names and the server does not have

A PACKAGE is name@version from the registry (hl7.fhir.us.core@6.1.0; a version may end in .x, without one it is the
latest), a .tgz or a folder with a package.json. Several versions of one package may stand side by side.
R4 itself and HL7 Terminology come with the server.
What is added is written to the list of packages (INGLE_PACKAGES), with its hash to packages.lock.json beside it: a
server with an empty database starts with the same.

Options:
  --url URL          FHIR base of the server (default: from HOST and PORT, http://127.0.0.1:8080/fhir)
  --registry URL     where packages are fetched (default: INGLE_PACKAGE_REGISTRY, https://packages.fhir.org)
  --no-dependencies  only what is named
  --no-save          leave the list of packages as it is
  --help             this text

The exit code is 0 when everything is done, 1 when something could not be had or was refused (the rest is loaded), 2 when
the command was not understood.`

process.exitCode = await main()

async function main(): Promise<number> {
  let config: Config
  let options: Options
  try {
    config = readConfig()
    options = readOptions(config)
  } catch (error) {
    console.error(`${(error as Error).message}\nnpm run packages -- --help tells more.`)
    return 2
  }
  if (options.isHelp) {
    console.log(help)
    return 0
  }
  const target = serverTarget(options.url)
  const registry = new Registry(options.registryUrl, join(config.dataDir, 'packages'))
  const list = new PackageList(resolve(config.packages))
  try {
    await expectServer(options.url)
    const isDone = await commands[options.command]({
      ...options,
      target,
      registry,
      list,
      telling: onTerminal(),
      complain: console.error,
    })
    return isDone ? 0 : 1
  } catch (error) {
    console.error((error as Error).message)
    return 1
  } finally {
    target.close()
  }
}

/** Lines go to standard output; how far a package is, over each other where a terminal can do that. */
function onTerminal(): Telling {
  const { stdout } = process
  const erase = stdout.isTTY ? '\r\x1b[K' : ''
  let shown = 0
  return {
    say: (line) => stdout.write(`${erase}${line}\n`),
    progress(label, done) {
      if (stdout.isTTY) stdout.write(`${erase}${label}: ${done} resources`)
      else if (done - shown >= 1000 || done < shown) {
        shown = done
        stdout.write(`${label}: ${done} resources\n`)
      }
    },
  }
}
