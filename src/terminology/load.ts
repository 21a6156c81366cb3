import { Conflict, NotFound, Unprocessable } from '../base/errors.js'
import type { Database } from '../db/database.js'
import { sql } from '../db/sql.js'
import { Release } from './release/release.js'
import type { Report } from './stored/put.js'
import { retire } from './stored/sweep.js'
import { write } from './stored/write.js'
import { loaders } from './systems/loaders.js'

export { loaders }

/** What is to be loaded. */
export interface Order {
  /** Of a loader: `icd10cm` */
  name: string
  /** Files, zip archives or folders. */
  paths: readonly string[]
  /** Of the release, where its files do not tell. */
  version?: string
  /** Whose it will be; 0: for all. */
  tenant: number
}

/** A code system that is loaded. */
export interface Present {
  readonly id: number
  readonly tenant: number
  readonly kind: string
  readonly url: string
  readonly version: string
  readonly concepts: number
  readonly at: string
}

/**
 * Reads a release and puts it into the place of what was loaded of the same version before, all of it or nothing.
 *
 * @returns  what was loaded: of some releases several code systems
 * @throws NotFound  no loader has this name (404)
 * @throws Unprocessable  a file is missing, or is not what it should be: which line, and what was expected (422)
 */
export async function load(database: Database, order: Order, report: Report): Promise<Present[]> {
  const { name, paths, version, tenant } = order
  const loader = loaders.find((one) => one.name === name)
  if (!loader) throw new NotFound(`There is no loader ${name}; there are ${loaders.map((one) => one.name).join(', ')}`)
  const release = await Release.at(paths)
  const ids: number[] = []
  for await (const { header, draft, details, beside } of loader.read(release, { version }, report)) {
    if (draft.size === 0) throw new Unprocessable(`${release.named} has no concepts of ${header.title}`)
    const identity = { tenant, kind: name, header, details: { ...details, files: release.evidence } }
    ids.push(await write(database, draft, identity, report, beside))
    report(`${header.url}|${header.version}: ${draft.size} concepts`)
  }
  const all = await present(database, tenant)
  return all.filter(({ id }) => ids.includes(id))
}

/** What is loaded for a tenant, that of all tenants included. */
export function present(database: Database, tenant: number): Promise<Present[]> {
  return database.query<Present>(sql`
    select id, tenant, kind, url, version, concepts, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at from code_system
    where tenant in (0, ${tenant}) and status = 'whole' order by url, version`)
}

/**
 * @param version  without it there must be only one
 * @throws NotFound  it is not loaded (404)
 * @throws Conflict  several versions are (409)
 */
export async function remove(database: Database, tenant: number, url: string, version?: string): Promise<Present> {
  const ours = (await present(database, tenant)).filter((one) => one.tenant === tenant && one.url === url)
  const fitting = ours.filter((one) => version === undefined || one.version === version)
  const versions = ours.map((one) => one.version).join(', ')
  if (fitting.length === 0)
    throw new NotFound(`${url}${version ? `|${version}` : ''} is not loaded${versions && `; there is ${versions}`}`)
  if (fitting.length > 1) throw new Conflict(`${url} is loaded in the versions ${versions}; name one`)
  await retire(database, tenant, fitting[0]!.id)
  return fitting[0]!
}
