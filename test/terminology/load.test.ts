// $load-terminology, and what loading, replacing and removing do to what is there
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { load, present, remove } from '../../src/terminology/load.js'
import { openServer, type RestServer } from '../rest/server.js'
import { loadInto, Releases, withDatabase } from './fixtures.js'

const url = 'https://x12.org/codes/claim-adjustment-reason-codes'
const codes = (...names: string[]) => ({
  'carc.csv': `Code,Description\n${names.map((name, i) => `${i + 1},${name}\n`).join('')}`,
})

let server: RestServer
const releases = new Releases()
const folder = releases.write({ 'in/carc.csv': 'Code,Description\n1,Asked for by a task\n', 'bad/carc.csv': 'Kode\n' })
beforeAll(async () => {
  server = await openServer({ INGLE_TERMINOLOGY_DIR: folder })
})
afterAll(async () => {
  await server.stop()
  releases.remove()
})

const displayOf = async (code: string, version = '') => {
  const { status, json } = await server.ask(
    `GET CodeSystem/$lookup?system=${url}&code=${code}${version && `&version=${version}`}`,
  )
  return status === 200
    ? json.parameter.find(({ name }: { name: string }) => name === 'display').valueString
    : undefined
}

describe('a load', () => {
  it('takes the place of the same version, and stands beside others', async () => {
    await loadInto(server, 'carc', releases.write(codes('one', 'two')), '2025')
    expect(await displayOf('2')).toBe('two')
    await loadInto(server, 'carc', releases.write(codes('uno')), '2025')
    expect([await displayOf('1'), await displayOf('2')]).toEqual(['uno', undefined])
    await loadInto(server, 'carc', releases.write(codes('un')), '2026')
    expect([await displayOf('1'), await displayOf('1', '2025')]).toEqual(['un', 'uno'])
  })

  it('that fails leaves what was there, and nothing of itself', async () => {
    const circle = { 'carc.csv': 'Code,Description\n1,one\n1,again\n' }
    await expect(loadInto(server, 'carc', releases.write(circle), '2026')).rejects.toThrow(
      'line 3: the code 1 once more',
    )
    expect(await displayOf('1')).toBe('un')
    await withDatabase(server.database.url, async (db) => {
      expect((await present(db, 1)).map(({ version }) => version)).toEqual(['2025', '2026'])
    })
  })

  it('of a tenant is of nobody else', async () => {
    await withDatabase(server.database.url, async (db) => {
      const order = {
        name: 'rarc',
        paths: [releases.write({ 'rarc.csv': 'Code,Description\nN1,theirs\n' })],
        version: '1',
      }
      await load(db, { ...order, tenant: 77 }, () => {})
      expect((await present(db, 1)).map(({ kind }) => kind)).not.toContain('rarc')
      expect((await present(db, 77)).map(({ kind }) => kind)).toContain('rarc')
    })
  })

  it('is told what there is, and what files are missing', async () => {
    await withDatabase(server.database.url, async (db) => {
      const order = { paths: [releases.write({ 'readme.md': '' })], tenant: 0 }
      await expect(load(db, { ...order, name: 'carp' }, () => {})).rejects.toThrow(
        'There is no loader carp; there are icd10cm',
      )
      await expect(load(db, { ...order, name: 'carc' }, () => {})).rejects.toThrow('; there is readme.md')
    })
  })
})

describe('a removal', () => {
  it('needs a version where there are several, and then it is gone', async () => {
    await withDatabase(server.database.url, async (db) => {
      await expect(remove(db, 0, url)).rejects.toThrow('is loaded in the versions 2025, 2026; name one')
      await expect(remove(db, 0, url, '1999')).rejects.toThrow('|1999 is not loaded; there is 2025, 2026')
      await remove(db, 0, url, '2026')
      expect((await present(db, 0)).map(({ version }) => version)).toEqual(['2025'])
    })
  })
})

describe('$load-terminology', () => {
  const ask = (path: string, name = 'carc') => ({
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'name', valueCode: name },
        { name: 'path', valueString: path },
        { name: 'version', valueString: '2027' },
      ],
    },
  })

  async function ended(location: string) {
    for (;;) {
      const { json } = await server.expect(200, `GET ${location}`)
      if (json.status !== 'in-progress') return json
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  it('loads while a Task tells how far it is', async () => {
    const { headers } = await server.expect(202, 'POST $load-terminology', ask('in'))
    const task = await ended(headers.get('content-location')!)
    expect([
      task.status,
      task.output.map((one: Record<string, unknown>) => one.valueCanonical ?? one.valueInteger),
    ]).toEqual(['completed', [`${url}|2027`, 1]])
    expect(task.note.map(({ text }: { text: string }) => text)).toContain('carc.csv is read')
    expect(await displayOf('1', '2027')).toBe('Asked for by a task')
  })

  it('says in the Task what is wrong with a file', async () => {
    const { headers } = await server.expect(202, 'POST $load-terminology', ask('bad'))
    const task = await ended(headers.get('content-location')!)
    expect([task.status, task.statusReason.text]).toEqual([
      'failed',
      'carc.csv, line 1: a header without code, display; expected the columns code, display',
    ])
  })

  it.each([
    [403, ask('../..'), 'is not in the folder INGLE_TERMINOLOGY_DIR'],
    [404, ask('nowhere'), 'there is no nowhere'],
    [400, ask('in', 'carp'), 'there is no loader carp'],
  ])('answers %i when it may not or cannot', async (status, asked, why) => {
    expect(await server.refused(status, 'POST $load-terminology', asked)).toContain(why)
  })

  it('loads nothing where no folder is set', async () => {
    const other = await openServer()
    try {
      expect(await other.refused(403, 'POST $load-terminology', ask('in'))).toContain('which is not set here')
    } finally {
      await other.stop()
    }
  })
})
