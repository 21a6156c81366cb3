// What `npm run bench -- terminology` generates is read by the loaders as the real releases are.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withCheckDigit, withLuhn } from '../../src/cli/bench/releases/check-digit.js'
import { writeLoinc } from '../../src/cli/bench/releases/loinc.js'
import { writeRxNorm } from '../../src/cli/bench/releases/rxnorm.js'
import { writeSnomed } from '../../src/cli/bench/releases/snomed.js'
import { migrate } from '../../src/db/migrate.js'
import { load } from '../../src/terminology/load.js'
import { type FreshDatabase, freshDatabase } from '../support/database.js'
import { Releases, withDatabase } from '../terminology/fixtures.js'

let database: FreshDatabase
const releases = new Releases()
beforeAll(async () => {
  database = await freshDatabase()
  await migrate(database.url)
})
afterAll(async () => {
  await database.drop()
  releases.remove()
})

describe('generated releases', () => {
  it.each([
    // eight concepts of the metadata come with SNOMED CT; LOINC has a part for four terms, and those of its axes
    ['snomed', writeSnomed, 'http://snomed.info/sct/900000000000207008/version/20260101', 300 + 8],
    ['loinc', writeLoinc, '2.80', 300 + 75 + 29 + 1],
    ['rxnorm', writeRxNorm, '01052026', undefined],
  ] as const)('%s', async (name, write, version, expected) => {
    const folder = releases.write({})
    const codes = await write(folder, 300)
    const loaded = await withDatabase(database.url, (db) =>
      load(db, { name, paths: [folder], version, tenant: 0 }, () => {}),
    )
    expect(loaded).toMatchObject([{ kind: name, version, concepts: expected ?? codes.length }])
  })
})

describe('check digits', () => {
  // Published examples: the root of SNOMED CT, its “is a”, and glucose in serum of LOINC
  it.each([
    [withCheckDigit('13887500'), '138875005'],
    [withCheckDigit('11668000'), '116680003'],
    [withLuhn('2345'), '2345-7'],
    [withLuhn('718'), '718-7'],
  ])('%s', (made, published) => {
    expect(made).toBe(published)
  })
})
