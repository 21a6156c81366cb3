import { resolve as absolute, join } from 'node:path'
import type { Config } from '../../base/config.js'
import { PackageList } from './files.js'
import { type Installed, installed } from './ledger.js'
import { loadPackages, type Telling } from './load.js'
import { labelOf, openPackage } from './package.js'
import { Registry } from './registry.js'
import { resolve, wantedOf } from './resolve.js'
import type { Target } from './target.js'

/**
 * Loads what the list of packages names and the server lacks. What is there already is not even looked for elsewhere,
 * so that a server without a way to the registry starts as it did before.
 *
 * @param complain  told what could not be had, or was refused; the rest is loaded all the same
 */
export async function loadListed(
  target: Target,
  config: Pick<Config, 'packages' | 'packageRegistry' | 'dataDir'>,
  telling: Telling,
  complain: (line: string) => void,
): Promise<void> {
  const list = new PackageList(absolute(config.packages))
  const registry = new Registry(config.packageRegistry.replace(/\/+$/, ''), join(config.dataDir, 'packages'))
  try {
    const packages = await list.packages()
    if (packages.length === 0) return
    const there = await installed(target)
    for (const text of packages) {
      try {
        if (await isWhole(text, there)) continue
        const options = { registry, withDependencies: true, there: new Set(there.keys()) }
        const { found, missing } = await resolve([wantedOf(text)], options)
        await list.check(found)
        if (!(await loadPackages(target, found, there, telling))) complain(`${text} is not complete`)
        for (const { label, neededBy, reason } of missing) complain(`${label}, which ${neededBy} needs: ${reason}`)
      } catch (cause) {
        complain(`${text} is not loaded: ${(cause as Error).message}`)
      }
    }
  } catch (cause) {
    complain((cause as Error).message)
  }
}

/** Whether the server has it all. What lies on this machine may have changed; what was published does not. */
async function isWhole(text: string, there: ReadonlyMap<string, Installed>): Promise<boolean> {
  const wanted = wantedOf(text)
  if ('name' in wanted) return there.get(labelOf(wanted.name, wanted.version ?? ''))?.sha256 !== undefined
  const { label, sha256 } = await openPackage(wanted.path)
  return there.get(label)?.sha256 === sha256
}
