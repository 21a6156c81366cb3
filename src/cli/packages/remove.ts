import { type Brought, brought } from './ledger.js'
import { kinds } from './package.js'
import { batch, type Target } from './target.js'

const MOST_ENTRIES = 200

/** What came of taking a package back. */
export interface Removed {
  deleted: number
  refused: { what: string; reason: string }[]
}

/** Deletes all that a package brought, and at last what says that it was there. */
export async function remove(target: Target, label: string): Promise<Removed> {
  const all: Brought[] = []
  for await (const one of brought(target, label, [...kinds])) all.push(one)
  const guides = all.filter(({ type }) => type === 'ImplementationGuide')
  const others = all.filter((one) => !guides.includes(one))
  let { deleted, left } = await deleteAll(target, others)
  // What others are made of can go when those are gone.
  if (left.length > 0) {
    const again = await deleteAll(
      target,
      left.map(({ one }) => one),
    )
    deleted += again.deleted
    left = again.left
  }
  if (left.length === 0) deleted += (await deleteAll(target, guides)).deleted
  return { deleted, refused: left.map(({ one, reason }) => ({ what: `${one.type}/${one.id}`, reason })) }
}

async function deleteAll(target: Target, all: readonly Brought[]) {
  let deleted = 0
  const left: { one: Brought; reason: string }[] = []
  for (let start = 0; start < all.length; start += MOST_ENTRIES) {
    const part = all.slice(start, start + MOST_ENTRIES)
    const outcomes = await batch(
      target,
      part.map(({ type, id }) => ({ method: 'DELETE' as const, url: `${type}/${id}` })),
    )
    for (const [i, { status, reason }] of outcomes.entries()) {
      if (status < 300 || status === 404 || status === 410) deleted++
      else left.push({ one: part[i]!, reason })
    }
  }
  return { deleted, left }
}
