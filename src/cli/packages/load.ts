import { install, type Result } from './install.js'
import type { Installed } from './ledger.js'
import type { Found } from './resolve.js'
import type { Target } from './target.js'

/** Told what happens: lines that stay, and how far the package at hand is. */
export interface Telling {
  say(line: string): void
  progress?(label: string, done: number): void
}

/** So many files are named of those that something is wrong with. */
const MOST_NAMED = 10

/**
 * Loads packages one after the other.
 * @param there  what the server has, by label: what is there as a whole and with this content is passed over
 * @returns whether all of all of them is stored
 */
export async function loadPackages(
  target: Target,
  found: readonly Found[],
  there: ReadonlyMap<string, Installed>,
  telling: Telling,
): Promise<boolean> {
  const searched = new Set<string>()
  let isWhole = true
  for (const { one } of found) {
    if (there.get(one.label)?.sha256 === one.sha256) {
      telling.say(`${one.label}: there already`)
      continue
    }
    const result = await install(target, one, (done) => telling.progress?.(one.label, done))
    for (const line of linesOf(one.label, result)) telling.say(line)
    for (const type of result.searched) searched.add(type)
    isWhole &&= result.refused.length === 0
  }
  if (searched.size > 0) await reindex(target, searched, telling)
  return isWhole
}

function linesOf(label: string, { stored, kept, refused, notSearchable, leftOut }: Result): string[] {
  const others = [...leftOut].map(([why, count]) => `${count} ${why}`)
  return [
    `${label}: ${stored} resources stored${kept > 0 ? `, ${kept} there already` : ''}`,
    ...(others.length > 0 ? [`  left out: ${others.join(', ')}`] : []),
    ...named('left out, for they cannot be searched by here', notSearchable),
    ...named('refused; the same command tries them again', refused),
  ]
}

function named(what: string, files: Result['refused']): string[] {
  if (files.length === 0) return []
  const rest = files.length - MOST_NAMED
  return [
    `  ${files.length} ${what}:`,
    ...files.slice(0, MOST_NAMED).map(({ file, reason }) => `    ${file}: ${reason}`),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ]
}

/** Parameters that a package brought can be searched by when what is stored is in the index. */
async function reindex(target: Target, types: ReadonlySet<string>, { say }: Telling): Promise<void> {
  const isAll = types.has('Resource') || types.has('DomainResource')
  const query = isAll ? '' : `?${[...types].map((type) => `type=${type}`).join('&')}`
  const { status, contentLocation } = await target.ask('POST', `$reindex${query}`)
  const job = /job=([^&]+)/.exec(contentLocation ?? '')?.[1]
  if (status >= 300 || job === undefined)
    say('The search parameters are not in the index: POST [base]/$reindex puts them there')
  else say(`The search index is made anew: GET [base]/$reindex-status?job=${job} says how far it is`)
}
