import { parseArgs } from 'node:util'
import type { Config } from '../../base/config.js'
import { defaultUrl, httpUrl } from '../load/options.js'
import { wantedOf } from './resolve.js'

export interface Options {
  command: Command
  packages: string[]
  /** FHIR base of the server */
  url: string
  registryUrl: string
  withDependencies: boolean
  saves: boolean
  isHelp: boolean
}

const commands = ['add', 'list', 'remove', 'sync'] as const
export type Command = (typeof commands)[number]

/**
 * @param args  default: those of the process
 * @throws Error  the command line is not understood: says what may stand there
 */
export function readOptions(config: Config, args?: string[]): Options {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    allowNegative: true,
    options: {
      url: { type: 'string', default: defaultUrl(config) },
      registry: { type: 'string', default: config.packageRegistry },
      dependencies: { type: 'boolean', default: true },
      save: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  })
  const { url, registry, dependencies: withDependencies, save: saves, help: isHelp } = values
  httpUrl(url)
  if (!URL.canParse(registry) || !/^https?:/.test(registry)) throw new Error('--registry is not an http: or https: URL')
  const [command = '', ...packages] = positionals
  if (!isHelp && !commands.some((one) => one === command))
    throw new Error(
      `${command ? `${command} is no command` : 'A command is missing'}; commands are ${commands.join(', ')}`,
    )
  const takesPackages = command === 'add' || command === 'remove'
  if (!isHelp && takesPackages !== packages.length > 0)
    throw new Error(takesPackages ? `${command} what? A PACKAGE is missing` : `${command} takes no PACKAGE`)
  for (const one of packages) wantedOf(one)
  return {
    command: command as Command,
    packages,
    url,
    registryUrl: registry.replace(/\/+$/, ''),
    withDependencies,
    saves,
    isHelp,
  }
}
