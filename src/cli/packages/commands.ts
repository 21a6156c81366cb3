import type { PackageList } from './files.js'
import { installed } from './ledger.js'
import { loadPackages, type Telling } from './load.js'
import type { Options } from './options.js'
import type { Registry } from './registry.js'
import { remove } from './remove.js'
import { isThere, resolve, type Wanted, wantedOf } from './resolve.js'
import type { Target } from './target.js'

export interface Work extends Options {
  target: Target
  registry: Registry
  list: PackageList
  telling: Telling
  /** Told what went wrong, a line each. */
  complain(line: string): void
}

/** Each tells whether everything is done. */
export const commands = {
  add: (work: Work) => load(work, work.packages.map(wantedOf), work.saves),
  sync: async (work: Work) => load(work, (await work.list.packages()).map(wantedOf), false),

  async list({ target, list, telling }: Work) {
    const there = await installed(target)
    for (const { label, title, sha256 } of [...there.values()].sort((a, b) => (a.label < b.label ? -1 : 1)))
      telling.say(`${label}${title ? `  ${title}` : ''}${sha256 ? '' : '  (not complete: add it again)'}`)
    if (there.size === 0) telling.say('The server has no packages beside R4 and HL7 Terminology')
    const waiting = (await list.packages()).filter((one) => !there.has(one.replace('#', '@')) && !/[/\\]/.test(one))
    for (const one of waiting) telling.say(`${one}  (listed in ${list.path}, not loaded: npm run packages -- sync)`)
    return true
  },

  async remove({ target, list, packages, saves, telling, complain }: Work) {
    const there = await installed(target)
    let isDone = true
    for (const text of packages) {
      const label = text.replace('#', '@')
      if (!there.has(label)) {
        complain(`The server does not have ${label}; it has ${[...there.keys()].sort().join(', ') || 'none'}`)
        isDone = false
        continue
      }
      const needing = [...there.values()].filter(({ dependencies }) =>
        dependencies.some(({ name, version }) => isThere(name, version, [label])),
      )
      if (needing.length > 0) telling.say(`${label} is needed by ${needing.map((one) => one.label).join(', ')}`)
      const { deleted, refused } = await remove(target, label)
      telling.say(`${label}: ${deleted} resources deleted`)
      for (const { what, reason } of refused) complain(`  ${what} stays: ${reason}`)
      isDone &&= refused.length === 0
      if (saves && refused.length === 0) await list.remove(label)
    }
    return isDone
  },
}

export async function load(
  { target, registry, list, withDependencies, telling, complain }: Work,
  wanted: Wanted[],
  saves: boolean,
) {
  const there = await installed(target)
  const { found, missing, builtIn } = await resolve(wanted, {
    registry,
    withDependencies,
    there: new Set(there.keys()),
  })
  await list.check(found)
  for (const { label } of builtIn) telling.say(`${label}: comes with the server`)
  const isWhole = await loadPackages(target, found, there, telling)
  if (saves) await list.add(found)
  for (const { label, neededBy, reason } of missing) complain(`${label}, which ${neededBy} needs: ${reason}`)
  if (missing.length > 0)
    complain('What could not be had is missing where profiles refer to it; --no-dependencies does not look for it.')
  return isWhole && missing.length === 0
}
